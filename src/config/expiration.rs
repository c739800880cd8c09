//! How old events may become: `expires_after_secs` and what goes with it.

use std::time::Duration;

use super::block::Block;
use super::item::Item;
use crate::event::EventType;
use crate::sink::{Expiration, ExpiresFrom};

/// Whose limit a line of `expires_after_secs_by_event` is.
enum Whose {
    Type(EventType),
    Name(String),
}

/// Flat in the sink's block.
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `expires_after_secs` | number | none | late is often better than never; only its owner knows when it is not |
/// | `expires_after_secs_by_event` | table of numbers | none | a type (`identify`), or the name of a track event as it is or as `track/NAME`; the more specific one counts |
/// | `expires_from` | `received_at` or `timestamp` | `received_at` | servers' clocks are right more often than clients' |
pub(super) fn read(block: &mut Block<'_>) -> Expiration {
    let after = block.take("expires_after_secs");
    let mut is_off = after.is_none();
    let mut expiration =
        Expiration { after: after.and_then(|item| item.seconds()), ..Expiration::default() };
    block.table("expires_after_secs_by_event", |table| {
        for (name, item) in table.take_all() {
            // Also by one that is wrong: that is told already.
            is_off = false;
            by_event(&name, &item, &mut expiration);
        }
    });
    if let Some(item) = block.take("expires_from") {
        let choices =
            [("received_at", ExpiresFrom::ReceivedAt), ("timestamp", ExpiresFrom::Timestamp)];
        expiration.from = item.choice(&choices).unwrap_or_default();
        if is_off {
            let remedy = "set one of `expires_after_secs` and `expires_after_secs_by_event`";
            item.refuse_with("does nothing without a limit", remedy);
        }
    }
    expiration
}

fn by_event(key: &str, item: &Item<'_>, expiration: &mut Expiration) {
    let Some(whose) = whose(key, item) else { return };
    let Some(limit) = item.seconds() else { return };
    let before: Option<Duration> = match whose {
        Whose::Type(kind) => expiration.by_type.insert(kind, limit),
        Whose::Name(name) => expiration.by_name.insert(name, limit),
    };
    if before.is_some() {
        item.refuse_with("is the same event as another line", "keep one of the two");
    }
}

fn whose(key: &str, item: &Item<'_>) -> Option<Whose> {
    let known = EventType::parse(key);
    if known != EventType::Other {
        if known.as_str() == key {
            return Some(Whose::Type(known));
        }
        item.refuse_with(
            "is almost a type of events",
            format!("write `{known}`, or `track/{key}` for track events of that name"),
        );
        return None;
    }
    match key.strip_prefix("track/").unwrap_or(key) {
        "" => {
            item.refuse_with("names no event", "write `track` for all track events");
            None
        }
        name => Some(Whose::Name(name.to_owned())),
    }
}
