//! A buffer that is full, and clients that are told 200 whether it keeps what they send or discards it.

use crate::client;
use crate::crashes::{add_to_sink, post};
use crate::process::{configure, files, run, write};
use crate::server::Server;

const CLIENTS: usize = 40;
const REQUESTS: usize = 3;

fn event(id: &str) -> String {
    let filler = "x".repeat(600_000);
    format!(
        r#"{{"type":"track","event":"X","userId":"{id}","messageId":"{id}","properties":{{"filler":"{filler}"}}}}"#
    )
}

#[test]
fn what_clients_were_told_is_taken_is_delivered_or_counted_as_discarded() {
    let server = Server::start();
    let folder = client::folder(&server.url, "");
    let disk = "buffer = { type = \"disk\", max_size = 16777216, when_full = \"drop_newest\" }";
    add_to_sink(folder.path(), &format!("{disk}\nrequest.rate_limit_num = 20"));
    let source = client::Source::start(folder.path());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let address = source.address.clone();
            std::thread::spawn(move || {
                let answers =
                    (0..REQUESTS).map(|at| post(&address, &[event(&format!("{client}-{at}"))]));
                answers.filter(|status| *status == Some(200)).count()
            })
        })
        .collect();
    let taken: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    let ended = source.stop();
    let counted = ["delivered", "in the buffer", "discarded, the buffer was full"];
    let counted: u64 = counted.iter().map(|name| ended.count(name)).sum();
    assert_eq!(counted, u64::try_from(taken).unwrap(), "{}", ended.stdout);
    let discarded = usize::try_from(ended.count("discarded, the buffer was full")).unwrap();
    assert!(discarded > 0, "{}", ended.stdout);
    write(folder.path(), "none.ndjson", "");
    configure(folder.path(), &server.url, &files("none.ndjson"), disk);
    run(folder.path(), &["run", "config.toml"]).expect(0);
    assert_eq!(server.courier.requests().len() + discarded, taken);
}
