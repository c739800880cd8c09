//! The events of one run, each with a mark by which it is known in whatever becomes of it, and what it means.

use std::time::Duration;

use courier_sink::clock::Time;
use courier_sink::event::{Origin, Seed, Trust};
use courier_sink::ingest;
use courier_sink::plan::{self, Ordering, Plan, Step};
use courier_sink::sink::{DeadLetter, Settings};
use fastrand::Rng;

use crate::play::BEGIN;

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) text: String,
    pub(crate) meaning: Meaning,
    /// How old it is when the run begins
    pub(crate) age: Duration,
}

/// What is to become of an event. The plan itself is tested elsewhere; here it is what must come true.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meaning {
    Unreadable,
    Skipped,
    Refused,
    Steps(Vec<Step>),
}

/// The member that an event's payload bears, and nobody else's.
pub(crate) fn mark(number: usize) -> String {
    format!("mark{number}")
}

/// The events whose marks `body` bears, oldest first.
pub(crate) fn marks(body: &str) -> Vec<usize> {
    let digits = |rest: &str| rest.split('"').next().and_then(|digits| digits.parse().ok());
    let mut marks: Vec<usize> = body.split("\"mark").skip(1).filter_map(digits).collect();
    marks.sort_unstable();
    marks.dedup();
    marks
}

/// The number of the event that has this `messageId`.
pub(crate) fn number(message_id: &str) -> Option<usize> {
    message_id.strip_prefix('m')?.parse().ok()
}

/// The number of the event that was refused with this letter.
pub(crate) fn of_letter(letter: &DeadLetter) -> Option<usize> {
    match &letter.event {
        Some(identity) => number(identity.message_id.as_deref()?),
        None => std::str::from_utf8(&letter.record).ok()?.strip_prefix("broken ")?.parse().ok(),
    }
}

pub(crate) fn draw(chance: &mut Rng, settings: &Settings) -> Vec<Event> {
    let (users, tenants) = (chance.usize(1..8), chance.usize(1..4));
    let count = chance.usize(5..60);
    let event = |number| {
        let ordering = settings.rules.ordering;
        let text = text(chance, number, users, tenants, ordering);
        let age = age(number);
        let text = text.replacen(
            "{\"messageId\"",
            &format!(
                "{{\"receivedAt\":\"{}\",\"messageId\"",
                Time::from_epoch(BEGIN.saturating_sub(age))
            ),
            1,
        );
        let meaning = meaning(&text, settings);
        Event { text, meaning, age }
    };
    (0..count).map(event).collect()
}

/// Told by its number, so that drawing it draws nothing else.
fn age(number: usize) -> Duration {
    let number = u64::try_from(number).expect("a number of an event is small");
    Duration::from_millis(number.wrapping_mul(7_919) % 60_000)
}

fn text(
    chance: &mut Rng,
    number: usize,
    users: usize,
    tenants: usize,
    ordering: Ordering,
) -> String {
    let who = match chance.u8(..12) {
        0 => format!("\"anonymousId\":\"a{}\"", chance.usize(..users)),
        _ => format!("\"userId\":\"u{}\"", chance.usize(..users)),
    };
    let tenant = chance.usize(..tenants);
    let mark = mark(number);
    // A membership bears no mark: outside lanes it is known by its user.
    let member = match ordering {
        Ordering::User => who.clone(),
        Ordering::None => format!("\"userId\":\"g{number}\""),
    };
    let marked_group = || {
        let traits = format!(r#"{{"{mark}":1,"last":{number}}}"#);
        format!(r#""type":"group","groupId":"t{tenant}",{member},"traits":{traits}"#)
    };
    let typed = match chance.u8(..40) {
        0..11 => format!(r#""type":"identify",{who},"traits":{{"{mark}":1,"last":{number}}}"#),
        11..19 => {
            let name = ["mapped", "travelled", "both", "other"][chance.usize(..4)];
            format!(r#""type":"track","event":"{name}",{who},"properties":{{"{mark}":1}}"#)
        }
        19..21 => format!(r#""type":"track","event":"mapped","properties":{{"{mark}":1}}"#),
        21..24 => {
            let what = [r#""template":"own""#, r#""steps":[{"action":"cancel"}]"#];
            let what = what[chance.usize(..2)];
            format!(
                r#""type":"track","event":"x",{who},"properties":{{"courier":{{"automation":{{{what}}}}}}}"#
            )
        }
        24..33 => marked_group(),
        // All alike, so that they can be one request.
        33..35 => format!(r#""type":"group","groupId":"t{tenant}",{member}"#),
        35 => format!(r#""type":"group","groupId":"t{tenant}","traits":{{"{mark}":1}}"#),
        36 => format!(r#""type":"page",{who}"#),
        37 => r#""type":"identify","userId":"..","traits":{"a":1}"#.to_owned(),
        38 => format!(r#""type":"group",{who}"#),
        _ => return format!("broken {number}"),
    };
    format!(r#"{{"messageId":"m{number}",{typed}}}"#)
}

fn meaning(text: &str, settings: &Settings) -> Meaning {
    let origin = Origin {
        name: "simulation".into(),
        line: None,
        seed: Seed::Random(0),
        trust: Trust::Trusted,
    };
    let bytes = bytes::Bytes::copy_from_slice(text.as_bytes());
    let mut events = ingest::decode(&bytes, &origin, &settings.ingest);
    let Some(Ok(event)) = events.next() else {
        return Meaning::Unreadable;
    };
    match plan::plan(&event, &settings.rules).plan {
        Plan::Skip(_) => Meaning::Skipped,
        Plan::Refuse(_) => Meaning::Refused,
        Plan::Steps(steps) => Meaning::Steps(steps),
    }
}
