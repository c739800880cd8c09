//! A buffer that is full, and clients that are told 200 whether it keeps what they send or discards it.

use crate::client;
use crate::crashes::{add_to_sink, post};
use crate::held_server::HeldServer;
use crate::process::{configure, files, run, write};
use crate::server::Server;

const CLIENTS: usize = 40;
const REQUESTS: usize = 2;

fn event(id: &str) -> String {
    let filler = "x".repeat(600_000);
    format!(
        r#"{{"type":"track","event":"X","userId":"{id}","messageId":"{id}","properties":{{"filler":"{filler}"}}}}"#
    )
}

#[test]
fn what_clients_were_told_is_taken_is_delivered_or_counted_as_discarded() {
    let held = HeldServer::start();
    // So that nobody is told to come again with what is taken all the same.
    let folder = client::folder(&held.url(), "acknowledgement_timeout_secs = 3600");
    let disk = "buffer = { type = \"disk\", max_size = 16777216, when_full = \"drop_newest\" }";
    add_to_sink(folder.path(), disk);
    let source = client::Source::start(folder.path());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let address = source.address.clone();
            std::thread::spawn(move || {
                let post = |at| post(&address, &[event(&format!("{client}-{at}"))]);
                (0..REQUESTS).map(post).filter(|status| *status == Some(200)).count()
            })
        })
        .collect();
    let taken: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    std::thread::spawn(move || {
        loop {
            held.next().answer(202);
        }
    });
    let ended = source.stop();
    let count = |name| usize::try_from(ended.count(name)).unwrap();
    let (delivered, left) = (count("delivered"), count("in the buffer"));
    let discarded = count("discarded, the buffer was full");
    assert_eq!(delivered + left + discarded, taken, "{}", ended.stdout);
    assert!((1..=16).contains(&(delivered + left)), "{}", ended.stdout);
    let server = Server::start();
    write(folder.path(), "none.ndjson", "");
    configure(folder.path(), &server.url, &files("none.ndjson"), disk);
    run(folder.path(), &["run", "config.toml"]).expect(0);
    assert_eq!(server.courier.requests().len(), left);
}
