//! What keeps a sink from going faster, provoked against the emulator one by one and asked of the admin endpoint.

#![allow(clippy::unwrap_used, reason = "a failed step of a test's set-up is a failed test")]

use std::fmt::Write as _;
use std::io::Write;

use crate::admin::{get, start, status};
use crate::process::write;

/// One provocation: what is added to the emulator's and to the sink's block, events, and what the status is to name.
struct Case {
    emulator: &'static str,
    sink: &'static str,
    /// The user of each event
    users: &'static [&'static str],
    constraint: &'static str,
    /// What an attempt of a class waits for, where one does
    class: Option<&'static str>,
}

/// Several users, so that none waits for another.
const SEVERAL: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "h"];

/// Answers that do not come while a test runs.
const SILENT: &str = "[emulator.faults.hang]\nprobability = 1.0\n";

const CASES: &[Case] = &[
    Case { emulator: "", sink: "", users: &[], constraint: "source", class: None },
    Case {
        emulator: "",
        sink: "request.rate_limit_num = 1\nrequest.rate_limit_duration_secs = 3600\nrequest.rate_limit_burst = 1",
        users: SEVERAL,
        constraint: "rate",
        class: Some("rate"),
    },
    Case {
        emulator: "",
        sink: "request.classes.profiles = { rate_limit_num = 1, rate_limit_duration_secs = 3600 }",
        users: SEVERAL,
        constraint: "rate",
        class: Some("rate"),
    },
    Case {
        emulator: SILENT,
        sink: "request.concurrency = 2",
        users: SEVERAL,
        constraint: "concurrency",
        class: Some("concurrency"),
    },
    Case {
        // One request in an hour, and whoever comes second is told to wait.
        emulator: "[emulator.limits]\nrate_limit_num = 1\nrate_limit_duration_secs = 3600\nwait_header = \"retry-after\"\n",
        sink: "",
        users: SEVERAL,
        constraint: "pause",
        class: Some("pause"),
    },
    Case {
        emulator: "[emulator.faults.unauthorized]\nprobability = 1.0\n",
        sink: "",
        users: SEVERAL,
        constraint: "hold",
        class: Some("hold"),
    },
    Case {
        emulator: "[emulator.faults.error_503]\nprobability = 1.0\n",
        sink: "request.retry_initial_backoff_secs = 1800\nrequest.retry_max_duration_secs = 1800\n\
               request.retry_jitter_mode = \"None\"\nrequest.concurrency = 50",
        users: SEVERAL,
        constraint: "retry",
        class: None,
    },
    Case {
        emulator: SILENT,
        sink: "request.concurrency = 50",
        users: &["a", "a", "a", "a"],
        constraint: "order",
        class: None,
    },
    Case {
        emulator: SILENT,
        sink: "request.concurrency = 50\nbuffer.max_events = 4",
        users: SEVERAL,
        constraint: "buffer",
        class: None,
    },
    Case {
        emulator: "",
        sink: "batch.timeout_secs = 3600",
        users: &["a"],
        constraint: "batch",
        class: None,
    },
];

#[test]
fn each_constraint_is_named_by_the_status_while_the_emulator_provokes_it() {
    for Case { emulator, sink, users, constraint, class } in CASES {
        let folder = tempfile::tempdir().unwrap();
        let batch = if sink.contains("batch.") { "" } else { "batch.timeout_secs = 0.05\n" };
        let text = format!(
            "data_dir = \"data\"\nshutdown_timeout_secs = 0.2\n[api]\naddress = \"127.0.0.1:0\"\n\
             [emulator]\naddress = \"127.0.0.1:0\"\napi_key = \"right\"\n{emulator}\
             [sources.in]\ntype = \"stdin\"\n[sinks.courier]\ntype = \"courier\"\ninputs = [\"in\"]\n\
             api_key = \"right\"\nhealthcheck = false\n{batch}{sink}\n"
        );
        let config = write(folder.path(), "config.toml", text);
        let (mut running, address) = start(folder.path(), config.to_str().unwrap());
        let mut stdin = running.stdin.take().unwrap();
        for (at, user) in users.iter().enumerate() {
            // What is the same would be merged, and what differs is not.
            writeln!(
                stdin,
                "{{\"type\":\"identify\",\"userId\":\"{user}\",\"messageId\":\"{at}\",\
                 \"traits\":{{\"k{at}\":{{}}}}}}"
            )
            .unwrap();
        }
        stdin.flush().unwrap();
        // What is asked for comes about, or the test's own time limit says that it does not.
        let shown = loop {
            let now = status(&address);
            if now["constraint"] == *constraint
                && (users.is_empty() || now["backlog"]["inside"] != 0)
            {
                break now;
            }
        };
        let waits = shown["classes"]["profiles"].as_str();
        assert_eq!(waits, *class, "{constraint}: {shown}");
    }
}

/// Records that all fail at their only attempt.
const FAILING: u64 = 2000;

#[test]
fn what_went_back_to_a_buffer_on_disk_or_a_followed_file_waits_for_a_retry_and_is_counted() {
    let mut events = String::new();
    for at in 0..FAILING {
        writeln!(events, "{{\"type\":\"identify\",\"userId\":\"u{at}\",\"messageId\":\"{at}\"}}")
            .unwrap();
    }
    for (source, sink, part) in [
        // Behind a source that has ended, what gets nowhere is left for the next run.
        ("type = \"stdin\"", "buffer = { type = \"disk\", max_size = 268435488 }", "on_disk"),
        (
            "type = \"file\"\ninclude = [\"log\"]\nfollow = true",
            "buffer.max_events = 500",
            "unread",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "log", &events);
        let text = format!(
            "data_dir = \"data\"\nshutdown_timeout_secs = 0.2\n[api]\naddress = \"127.0.0.1:0\"\n\
             [emulator]\naddress = \"127.0.0.1:0\"\napi_key = \"right\"\n\
             [emulator.faults.error_503]\nprobability = 1.0\n[sources.in]\n{source}\n\
             [sinks.courier]\ntype = \"courier\"\ninputs = [\"in\"]\napi_key = \"right\"\n\
             healthcheck = false\nbatch.timeout_secs = 0.05\nrequest.retry_attempts = 0\n{sink}\n"
        );
        let config = write(folder.path(), "config.toml", text);
        let (mut running, address) = start(folder.path(), config.to_str().unwrap());
        if part == "on_disk" {
            running.stdin.as_mut().unwrap().write_all(events.as_bytes()).unwrap();
        }
        let backlog = loop {
            let now = status(&address);
            let backlog = now["backlog"].clone();
            let is_whole = part == "unread" || backlog[part].as_u64() >= Some(FAILING);
            if now["constraint"] == "retry" && backlog["inside"] == 0 && is_whole {
                break backlog[part].as_u64().unwrap();
            }
        };
        let near = FAILING - FAILING / 10..=FAILING + FAILING / 10;
        assert!(near.contains(&backlog), "{part}: {backlog}");
        let gauge = "courier_sink_constraint{component_id=\"courier\",component_kind=\"sink\",\
                     component_type=\"courier\",constraint=\"retry\"} 1\n";
        while !get(&address, "/metrics").1.contains(gauge) {}
    }
}
