//! Entries and totals as JSON, one object a line. Bodies stand in it to the byte; only line breaks between their tokens
//! become spaces.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Write};

use super::entry::{Entry, Known, Outcome};
use super::request::Planned;
use super::sinks::Sink;
use crate::json::ObjectWriter;
use crate::plan::Lane;

/// Writes one entry.
pub(super) fn entry(out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
    let mut line = ObjectWriter::with_capacity(512);
    head(&mut line, entry);
    outcome(&mut line, entry);
    writeln!(out, "{}", line.finish())
}

/// Whose event it is.
pub(super) fn head(line: &mut ObjectWriter, entry: &Entry) {
    line.string("sink", &entry.sink).string("origin", &entry.origin);
    if let Some(Known { name, message_id, is_made, user }) = &entry.event {
        line.string("event", name).string("message_id", message_id);
        if *is_made {
            line.raw("message_id_made", "true");
        }
        if let Some(user) = user {
            line.string("user", user);
        }
    }
}

/// What becomes of it.
pub(super) fn outcome(line: &mut ObjectWriter, entry: &Entry) {
    if entry.ignored_inline {
        line.raw("ignored_inline", "true");
    }
    match &entry.outcome {
        Outcome::Requests(requests) => {
            let requests: Vec<_> = requests.iter().map(request).collect();
            line.raw("requests", &format!("[{}]", requests.join(",")));
        }
        Outcome::Skipped(reason) => {
            line.string("skipped", reason.as_str());
        }
        Outcome::Rejected(reason, detail) => {
            line.string("rejected", reason.as_str()).string("detail", detail);
        }
    }
}

fn request(planned: &Planned) -> String {
    let mut line = ObjectWriter::with_capacity(256);
    line.raw("step", &planned.step.to_string());
    line.raw_if("after", planned.after.map(|after| after.to_string()).as_deref());
    match &planned.lane {
        Lane::None => {}
        Lane::User(id) => drop(line.string("lane", &format!("user {id}"))),
        Lane::Tenant(id) => drop(line.string("lane", &format!("tenant {id}"))),
    }
    line.string("method", planned.method).string("path", &planned.path);
    if let Some(key) = &planned.key {
        line.string("idempotency_key", key);
    }
    line.raw_if("key_kept_secs", planned.key_kept_secs.map(|secs| secs.to_string()).as_deref());
    if let Some(condition) = planned.condition.as_str() {
        line.string("condition", condition);
    }
    line.raw_if("body", body(planned).as_deref());
    line.finish()
}

/// The body on one line.
pub(super) fn body(planned: &Planned) -> Option<String> {
    let bytes = planned.body.as_ref()?.to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // Within JSON's strings there are none.
    Some(if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], " ") } else { text })
}

/// Writes the totals of one sink.
pub(super) fn totals(out: &mut dyn Write, sink: &Sink) -> io::Result<()> {
    let mut line = ObjectWriter::with_capacity(32);
    line.raw("totals", &of(sink));
    writeln!(out, "{}", line.finish())
}

/// The totals of one sink.
pub(super) fn of(sink: &Sink) -> String {
    let totals = &sink.totals;
    let mut line = ObjectWriter::with_capacity(512);
    line.string("sink", &sink.name);
    line.string("endpoint", if sink.is_emulated { "the emulator" } else { sink.endpoint.as_str() });
    line.raw("events", &totals.events.to_string());
    line.raw("skipped", &counts(&totals.skipped));
    line.raw("rejected", &counts(&totals.rejected));
    line.raw("ignored_inline", &totals.ignored_inline.to_string());
    let blocks = sink.blocks().iter().zip(&totals.blocks).map(|(block, count)| {
        let mut line = ObjectWriter::with_capacity(64);
        line.string("on", &block.on.to_string()).raw("events", &count.to_string());
        line.finish()
    });
    line.raw("automations", &format!("[{}]", blocks.collect::<Vec<_>>().join(",")));
    line.raw("requests", &counts(&totals.requests));
    line.raw("requests_sum", &totals.sum().to_string());
    if let Some(needed) = totals.needed(&sink.settings.delivery) {
        line.raw("seconds_at_least", &format!("{:.3}", needed.at_least.as_secs_f64()));
        line.string("limited_by", &needed.option);
    }
    line.finish()
}

fn counts<K: Display>(counts: &BTreeMap<K, u64>) -> String {
    let mut line = ObjectWriter::with_capacity(128);
    for (name, count) in counts {
        line.raw(&name.to_string(), &count.to_string());
    }
    line.finish()
}
