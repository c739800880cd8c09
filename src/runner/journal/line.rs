//! A note as one line of JSON, and back.

use serde::Deserialize;

use crate::finalization::EventStatus;
use crate::journal::{Attempted, Moment, Note};
use crate::json::ObjectWriter;

/// Security: the most that is kept of what an answer or a mistake says, in characters.
const MAX_CHARS: usize = 600;

/// A line as it is read again.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Line {
    /// When, in RFC 3339
    pub at: String,
    /// The event's `messageId`
    pub message_id: String,
    /// What happened: `received`, `ignored`, `planned`, `skipped`, `attempt`, `ended`
    pub what: String,
    /// What there is to say of it
    #[serde(default)]
    pub detail: String,
    /// What an attempt waited for, and how long in seconds
    #[serde(default)]
    pub waited_for: Option<String>,
    /// In seconds
    #[serde(default)]
    pub waited: Option<f64>,
    /// How long an attempt took, in seconds
    #[serde(default)]
    pub took: Option<f64>,
}

/// `note` as a line, with its line break.
pub(super) fn write(note: &Note) -> String {
    let Note { at, message_id, moment } = note;
    let mut line = ObjectWriter::with_capacity(192);
    line.string("at", &at.to_string()).string("message_id", message_id);
    match moment {
        Moment::Received { origin, event } => {
            line.string("what", "received")
                .string("detail", &cut(&format!("{event} from {origin}")));
        }
        Moment::Ignored(what) => {
            line.string("what", "ignored").string("detail", what);
        }
        Moment::Planned(endpoints) => {
            let names: Vec<_> = endpoints.iter().map(|endpoint| endpoint.as_str()).collect();
            line.string("what", "planned").string("detail", &names.join(", "));
        }
        Moment::Skipped(reason) => {
            line.string("what", "skipped").string("detail", reason.as_str());
        }
        Moment::Attempted(attempted) => write_attempt(&mut line, attempted),
        Moment::Ended { status, detail } => {
            let status = match status {
                EventStatus::Delivered => "delivered",
                EventStatus::Rejected => "rejected",
                EventStatus::Errored => "errored: it goes back to its source",
            };
            let said = match detail {
                Some(detail) => format!("{status}: {detail}"),
                None => status.to_owned(),
            };
            line.string("what", "ended").string("detail", &cut(&said));
        }
    }
    let mut line = line.finish();
    line.push('\n');
    line
}

fn write_attempt(line: &mut ObjectWriter, attempted: &Attempted) {
    let Attempted { endpoint, number, waited, waited_for, took, answer, events } = attempted;
    let together = match events {
        0 | 1 => String::new(),
        more => format!(", {more} events in one request"),
    };
    let said = format!("{number}: {endpoint}{together}: {answer}");
    line.string("what", "attempt").string("detail", &cut(&said));
    line.string("waited_for", &waited_for.join(", "));
    line.raw("waited", &format!("{:.3}", waited.as_secs_f64()));
    line.raw("took", &format!("{:.3}", took.as_secs_f64()));
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_CHARS).collect()
}
