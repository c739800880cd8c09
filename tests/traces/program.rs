//! The built program with a `[traces]` block: a collector gets its spans before it ends, and its log knows nothing of them.

use std::process::Command;

use crate::collector::Collector;

#[test]
fn a_run_sends_the_last_span_before_it_ends_and_logs_none() {
    let collector = Collector::start();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let event = |number| {
        format!(
            "{{\"type\":\"identify\",\"userId\":\"user-{number}\",\"messageId\":\"m-{number}\",\"traits\":{{\"a\":1}}}}\n"
        )
    };
    let events = write("events.ndjson", (0..600).map(event).collect());
    let config = write(
        "config.toml",
        format!(
            "data_dir = '{}'\n[emulator]\naddress = '127.0.0.1:0'\n\
             [traces]\nendpoint = 'http://{}'\nservice_name = 'tried'\n\
             [sources.in]\ntype = 'file'\ninclude = ['{}']\n\
             [sinks.out]\ntype = 'courier'\ninputs = ['in']\napi_key = 'pk_secret'\n",
            folder.path().display(),
            collector.address,
            events.display(),
        ),
    );
    let program = env!("CARGO_BIN_EXE_courier-sink");
    let arguments = ["--log-level", "trace", "--log-format", "json", "run"];
    let ended = Command::new(program).args(arguments).arg(&config).output().unwrap();
    let log = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{log}");

    let spans = collector.spans();
    let (events, attempts): (Vec<_>, Vec<_>) =
        spans.iter().partition(|span| span.parent.is_empty());
    assert_eq!((events.len(), attempts.len()), (600, 600));
    assert!(spans.iter().all(|span| span.resource["service.name"] == "tried"));
    assert!(events.iter().all(|span| span.get("courier_sink.sink") == "out"));
    assert!(events.iter().all(|span| span.get("courier_sink.status") == "delivered"));
    assert!(attempts.iter().all(|span| span.get("http.response.status_code") == "200"));
    let mut ids: Vec<_> = spans.iter().map(|span| &span.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 1200);
    assert!(!log.contains("courier_sink.status") && !log.contains("courier_sink::traces"));
    assert!(!collector.raw().contains("user-"));
}

#[test]
fn a_collector_that_is_not_there_costs_spans_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("events.ndjson");
    std::fs::write(
        &events,
        "{\"type\":\"identify\",\"userId\":\"u\",\"messageId\":\"m\",\"traits\":{}}\n",
    )
    .unwrap();
    // Bound and not listened on, so nobody else can be there.
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let config = folder.path().join("config.toml");
    let text = format!(
        "data_dir = '{}'\n[emulator]\naddress = '127.0.0.1:0'\n\
         [traces]\nendpoint = 'http://127.0.0.1:{}'\ntimeout_secs = 0.1\n\
         [sources.in]\ntype = 'file'\ninclude = ['{}']\n\
         [sinks.out]\ntype = 'courier'\ninputs = ['in']\napi_key = 'pk_secret'\n",
        folder.path().display(),
        socket.local_addr().unwrap().port(),
        events.display(),
    );
    std::fs::write(&config, text).unwrap();
    let program = env!("CARGO_BIN_EXE_courier-sink");
    let ended = Command::new(program).arg("run").arg(&config).output().unwrap();
    let log = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{log}");
    assert!(log.contains("spans were lost in this run") && log.contains("lost=2"), "{log}");
}
