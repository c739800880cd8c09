//! How events come: one in a record, or several in an array, a batch or on lines.

use std::ops::Range;

use fastrand::Rng;

use crate::events::Event;
use crate::options::{HOUR, Options};

/// The numbers of a record's events, and its text.
pub(crate) type Drawn = (Range<usize>, String);

/// Puts `events` into records; in most runs each into one of its own, and in all where lanes may be given up: that
/// shows in the ends of events only, which a record of several keeps back.
pub(crate) fn draw(chance: &mut Rng, events: &[Event], options: &Options) -> Vec<Drawn> {
    let most = if chance.u8(..3) == 0 && options.max_wait == HOUR { 8 } else { 1 };
    let (mut records, mut start) = (Vec::new(), 0);
    while start < events.len() {
        let end = (start + chance.usize(1..=most)).min(events.len());
        let texts: Vec<&str> = events[start..end].iter().map(|event| &*event.text).collect();
        let text = match chance.u8(..4) {
            _ if texts.len() == 1 => texts.concat(),
            0 => format!("[{}]", texts.join(",")),
            1 => format!("{{\"batch\":[{}]}}", texts.join(", ")),
            2 => texts.join("\r\n"),
            _ => texts.join("\n") + "\n",
        };
        records.push((start..end, text));
        start = end;
    }
    records
}
