//! What comes of an event, as text:
//!
//! - `unreadable: why`, alone
//! - `ignored inline`, where the event brought more than is trusted
//! - `refuse: why` or `skip: reason`, where there are no requests
//! - for each request `METHOD /path in LANE`, `after N` where it waits for the N-th step, `with key` where it has one
//!   (and its value if the fixture asks for it); then its body

use std::fmt::Write;

use bytes::Bytes;
use courier_sink::courier::Generation;
use courier_sink::delivery::Work;
use courier_sink::event::{Event, Origin, Seed, Trust};
use courier_sink::ingest::{self, Limits};
use courier_sink::plan::{self, Lane, Plan, Step};

use crate::fixture::Fixture;
use crate::server::{Seen, Server};

pub(crate) async fn of(fixture: &Fixture, server: &Server) -> String {
    let event = match decode(&fixture.event, fixture.options.offset, fixture.options.trust()) {
        Ok(event) => event,
        Err(problem) => return format!("unreadable: {problem}"),
    };
    let rules = fixture.options.rules();
    let planned = plan::plan(&event, &rules);
    let mut lines = Vec::new();
    if planned.ignored_inline.is_some() {
        lines.push("ignored inline".to_owned());
    }
    let steps = match planned.plan {
        Plan::Skip(reason) => {
            lines.push(format!("skip: {reason}"));
            Vec::new()
        }
        Plan::Refuse(refusal) => {
            lines.push(format!("refuse: {refusal}"));
            Vec::new()
        }
        Plan::Steps(steps) => steps,
    };
    server.store(fixture.stored.clone());
    for step in steps {
        let work = Work {
            action: step.action.clone(),
            seed: step.seed.clone(),
            generation: Generation::default(),
            key_expires: None,
            expiry: None,
            trail: None,
        };
        for seen in server.take(work).await {
            lines.push(head(&step, &seen, fixture.options.exact_keys));
            if !seen.body.is_empty() {
                lines.push(String::from_utf8(seen.body.to_vec()).unwrap());
            }
        }
    }
    lines.join("\n")
}

/// Reads a record that must hold one event.
pub(crate) fn decode(text: &str, offset: Option<u64>, trust: Trust) -> Result<Event, String> {
    let origin = Origin {
        name: "fixture".into(),
        line: None,
        seed: match offset {
            Some(offset) => Seed::Position { fingerprint: 1, offset },
            None => Seed::Random(2),
        },
        trust,
    };
    let limits = Limits { max_event_bytes: 16 << 20, ..Limits::default() };
    let decoded = ingest::decode(&Bytes::from(text.to_owned()), &origin, &limits);
    let mut decoded: Vec<_> = decoded.collect();
    assert_eq!(decoded.len(), 1, "one event in {text}");
    let only = decoded.remove(0);
    only.map_err(|error| error.problem.to_string())
}

fn head(step: &Step, seen: &Seen, is_exact: bool) -> String {
    let mut line = format!("{} {} in ", seen.method, seen.uri);
    let place = match &step.lane {
        Lane::None => "no lane".to_owned(),
        Lane::User(id) => format!("user {id}"),
        Lane::Tenant(id) => format!("tenant {id}"),
    };
    line.push_str(&place);
    if let Some(after) = step.after {
        write!(line, " after {}", after + 1).unwrap();
    }
    if let Some(key) = key(seen) {
        line.push_str(" with key");
        if is_exact {
            write!(line, " {key}").unwrap();
        }
    }
    line
}

/// The idempotency key. All other headers must be exactly those every request has.
fn key(seen: &Seen) -> Option<String> {
    let mut headers = seen.headers.clone();
    let mut take = |name: &str| Some(headers.remove(name)?.to_str().unwrap().to_owned());
    let key = take("idempotency-key");
    let agent = concat!("courier-sink/", env!("CARGO_PKG_VERSION"));
    assert_eq!(take("authorization").unwrap(), "Bearer pk_test_key");
    assert_eq!(take("accept").unwrap(), "application/json");
    assert_eq!(take("user-agent").unwrap(), agent);
    assert!(take("host").unwrap().starts_with("127.0.0.1:"));
    let (kind, length) = (take("content-type"), take("content-length"));
    if seen.body.is_empty() {
        assert_eq!((kind, length), (None, None));
    } else {
        assert_eq!(kind.unwrap(), "application/json");
        assert_eq!(length.unwrap(), seen.body.len().to_string());
    }
    assert!(headers.is_empty(), "{headers:?}");
    key
}
