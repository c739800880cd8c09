//! Certificates and keys that are exchanged while it runs: whom it trusts, who it is, and what it signs with.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::pki::Authority;
use crate::process::{Emulated, Running, configure, folder, write};
use crate::server::{Server, answer};

const STDIN: &str = "type = \"stdin\"";

fn track(number: usize) -> String {
    format!("{{\"type\":\"track\",\"userId\":\"u\",\"messageId\":\"{number}\",\"event\":\"X\"}}\n")
}

/// Writes the certificate of `authority` to `ca`, and one of a client that `clients` vouches for.
fn certify(folder: &Path, ca: &str, authority: &Authority, client: &str, clients: &Authority) {
    std::fs::copy(authority.file().path(), folder.join(ca)).expect("the folder is ours");
    let (certificate, key) = clients.issue("sink");
    write(folder, &format!("{client}.crt"), certificate);
    write(folder, &format!("{client}.key"), key);
}

fn tls(ca: &str, client: &str) -> String {
    format!(
        "tls = {{ ca_file = \"{ca}\", crt_file = \"{client}.crt\", key_file = \"{client}.key\" }}"
    )
}

/// Until the server has seen so many requests.
fn wait_for(server: &Server, requests: usize) {
    while server.seen().len() < requests {
        std::thread::yield_now();
    }
}

#[test]
fn other_certificates_count_for_every_connection_from_then_on() {
    let [first, second, third, ours, theirs] = std::array::from_fn(|_| Authority::new());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let in_use = Arc::new(Mutex::new(first.server("127.0.0.1", &["h2"], Some(&ours))));
    let shared = Arc::clone(&in_use);
    let tls_now = move || Some(Arc::clone(&shared.lock().unwrap()));
    let server = runtime.block_on(Server::start_with(tls_now, |_| answer(200, "{}")));
    let endpoint = format!("https://{}", server.address);
    let folder = folder(&endpoint, STDIN, &tls("ca.pem", "one"));
    certify(folder.path(), "ca.pem", &first, "one", &ours);
    let mut running = Running::start(folder.path(), &["run", "config.toml"]);
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(track(1).as_bytes()).unwrap();
    wait_for(&server, 1);

    // Other files: whom it trusts, and who it is.
    *in_use.lock().unwrap() = second.server("127.0.0.1", &["h2"], Some(&theirs));
    certify(folder.path(), "other.pem", &second, "two", &theirs);
    configure(folder.path(), &endpoint, STDIN, &tls("other.pem", "two"));
    running.hang_up();
    running.wait_for("loaded again");
    stdin.write_all(track(2).as_bytes()).unwrap();
    wait_for(&server, 2);

    // The same file, with something else in it.
    *in_use.lock().unwrap() = third.server("127.0.0.1", &["h2"], Some(&theirs));
    std::fs::copy(third.file().path(), folder.path().join("other.pem")).unwrap();
    running.hang_up();
    running.wait_for("loaded again");
    stdin.write_all(track(3).as_bytes()).unwrap();
    wait_for(&server, 3);

    // What is no certificate changes nothing.
    write(folder.path(), "other.pem", "no certificate");
    running.hang_up();
    running.wait_for("the one from before stays in use");
    running.wait_for("other.pem holds no certificate");
    stdin.write_all(track(4).as_bytes()).unwrap();
    drop(stdin);
    assert_eq!(running.end().expect(0).count("delivered"), 4);
    let connections: Vec<_> = server.seen().iter().map(|it| it.connection).collect();
    assert!(connections.is_sorted_by(|one, next| one <= next), "{connections:?}");
    assert!(connections[0] < connections[1] && connections[1] < connections[2], "{connections:?}");
    assert_eq!(connections[2], connections[3], "nothing was exchanged");
}

#[test]
fn another_key_file_is_read_and_followed_and_the_one_from_before_no_more() {
    let outside = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(outside.path(), "right");
    let keyed = |file: &str| format!("request.hold_probe_secs = 3600\napi_key_file = \"{file}\"");
    let folder = folder(&emulated.url(), STDIN, &keyed("first.key"));
    // Replaced at once: half a key is none.
    let put = |file: &str, key: &str| {
        std::fs::rename(write(folder.path(), "next", key), folder.path().join(file)).unwrap();
    };
    put("first.key", "wrong");
    let mut running = Running::start(folder.path(), &["run", "config.toml"]);
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(track(1).as_bytes()).unwrap();
    running.wait_for("everything is kept");

    put("second.key", "right");
    configure(folder.path(), &emulated.url(), STDIN, &keyed("second.key"));
    running.hang_up();
    running.wait_for("loaded again");
    running.wait_for("Courier lets requests through again");

    // Were the first one followed, its key would be read within the time of the next two.
    put("first.key", "wrong-again");
    for key in ["wrong-as-well", "right"] {
        put("second.key", key);
        running.wait_for("the API key was read again");
    }
    stdin.write_all(track(2).as_bytes()).unwrap();
    drop(stdin);
    let ended = running.end().expect(0);
    assert_eq!(ended.count("delivered"), 2);
    assert!(!ended.stderr.contains("was read again"), "{}", ended.stderr);
}
