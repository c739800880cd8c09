//! One dead letter as one line of JSON. Pure: the time is an argument.

use serde::Serialize;
use serde_json::value::RawValue;

use super::letter::Letter;
use crate::clock::Time;
use crate::event::{EventType, Trust};
use crate::runner::base64;
use crate::sink::{DeadLetter, Resume};

/// The members, in the order they are written; what is not known is left out.
#[derive(Serialize)]
struct Line<'a> {
    at: String,
    reason: &'a str,
    detail: &'a str,
    origin: String,
    /// Said only where it matters: whoever wrote the record is not trusted
    #[serde(skip_serializing_if = "Option::is_none")]
    trusted: Option<bool>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(flatten)]
    answer: Answer<'a>,
    #[serde(flatten)]
    record: Original,
}

/// The members that tell of a request.
#[derive(Default, Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps_done: Option<&'a [usize]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(rename = "answer", skip_serializing_if = "Option::is_none")]
    excerpt: Option<&'a str>,
}

/// The original record, in the plainest form that loses nothing.
#[derive(Serialize)]
enum Original {
    #[serde(rename = "record")]
    Json(Box<RawValue>),
    #[serde(rename = "record_text")]
    Text(String),
    #[serde(rename = "record_base64")]
    Base64(String),
}

/// The line, its newline included.
pub(super) fn line(letter: &DeadLetter, at: Time) -> Vec<u8> {
    write(&of(letter, at))
}

/// The line of a letter that was sent again and rejected again, as `new` says: it keeps its place, and where nothing
/// was sent this time also what is known of the last request.
pub(super) fn again(old: &Letter, new: &DeadLetter, at: Time) -> Vec<u8> {
    let mut line = of(new, at);
    line.origin.clone_from(&old.origin);
    if new.answer.is_none() && old.events == 1 {
        line.answer = answer(old);
    }
    write(&line)
}

/// The line of a letter that was sent again and not answered for good.
pub(super) fn returned(old: &Letter, resume: &Resume, detail: &str, at: Time) -> Vec<u8> {
    write(&Line {
        at: at.to_string(),
        reason: "errored",
        detail,
        origin: old.origin.clone(),
        trusted: trusted(old.trust),
        kind: old.kind.as_deref(),
        message_id: old.message_id.as_deref(),
        user_id: old.user.as_deref(),
        // Without a status the generation is the one that is due.
        answer: Answer {
            steps_done: Some(&resume.steps_done),
            generation: Some(resume.generation.0),
            ..Answer::default()
        },
        record: original(&old.record),
    })
}

fn of(letter: &DeadLetter, at: Time) -> Line<'_> {
    let event = letter.event.as_ref();
    let answer = letter.answer.as_ref().map(|answer| Answer {
        endpoint: Some(answer.endpoint.as_str()),
        step: Some(answer.step),
        steps_done: Some(&answer.steps_done),
        generation: Some(answer.generation.0),
        status: answer.status,
        excerpt: answer.excerpt.as_deref(),
    });
    Line {
        at: at.to_string(),
        reason: letter.reason.as_str(),
        detail: &letter.detail,
        origin: letter.origin.to_string(),
        trusted: trusted(letter.origin.trust),
        kind: event.and_then(|event| event.kind).map(EventType::as_str),
        message_id: event.and_then(|event| event.message_id.as_deref()),
        user_id: event.and_then(|event| event.user.as_deref()),
        answer: answer.unwrap_or_default(),
        record: original(&letter.record),
    }
}

const fn trusted(trust: Trust) -> Option<bool> {
    match trust {
        Trust::Trusted => None,
        Trust::Untrusted => Some(false),
    }
}

fn answer(old: &Letter) -> Answer<'_> {
    Answer {
        endpoint: old.endpoint.as_deref(),
        step: old.step,
        steps_done: Some(&old.steps_done),
        generation: Some(old.generation.0),
        status: old.status,
        excerpt: old.answer.as_deref(),
    }
}

fn write(line: &Line<'_>) -> Vec<u8> {
    let mut text =
        serde_json::to_vec(line).expect("text, numbers and checked JSON always serialize");
    text.push(b'\n');
    text
}

fn original(record: &[u8]) -> Original {
    let Ok(text) = std::str::from_utf8(record) else {
        return Original::Base64(base64::encode(record));
    };
    // In JSON a bare line end can only stand between values, where a space means the same.
    let one_line = text.trim_ascii().replace(['\n', '\r'], " ");
    let json = serde_json::from_str::<&RawValue>(text).is_ok();
    match RawValue::from_string(one_line) {
        Ok(raw) if json => Original::Json(raw),
        _ => Original::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::*;
    use crate::clock::Clock;
    use crate::courier::{Endpoint, Generation};
    use crate::event::{Origin, Seed};
    use crate::sink::{Identity, Refused};
    use crate::telemetry::Rejection;

    fn letter(record: &'static [u8]) -> DeadLetter {
        DeadLetter {
            reason: Rejection::Unreadable,
            detail: "not valid JSON".to_owned(),
            origin: Origin {
                name: "a.ndjson".into(),
                line: Some(7),
                seed: Seed::Random(1),
                trust: Trust::Trusted,
            },
            record: Bytes::from_static(record),
            event: None,
            answer: None,
        }
    }

    fn written(letter: &DeadLetter) -> String {
        let clock = Clock::from_fn(|| Duration::from_millis(951_827_415_250));
        String::from_utf8(line(letter, clock.now())).unwrap()
    }

    #[test]
    fn a_record_is_kept_to_the_byte_on_one_line() {
        let text = written(&letter(b"{\"b\":  1e400,\n \"a\":12345678901234567890}\n"));
        assert!(
            text.ends_with(",\"record\":{\"b\":  1e400,  \"a\":12345678901234567890}}\n"),
            "{text}"
        );
        assert_eq!(text.matches('\n').count(), 1);
    }

    #[test]
    fn what_is_not_json_is_text_and_what_is_not_text_is_base64() {
        let found = |record: &'static [u8]| -> Value {
            serde_json::from_str(&written(&letter(record))).unwrap()
        };
        assert_eq!(found(b"{\"a\":\n")["record_text"], "{\"a\":\n");
        assert_eq!(found(b"\"a\nb\"")["record_text"], "\"a\nb\"");
        assert_eq!(found(b"")["record_text"], "");
        assert_eq!(found(b"\xff\xfe\xfb")["record_base64"], "//77");
    }

    #[test]
    fn an_untrusted_writer_stays_one_however_often_its_letter_is_sent_again() {
        let mut letter = letter(b"{}");
        let clock = Clock::from_fn(|| Duration::ZERO);
        let trusted = Letter::parse(1, written(&letter).into());
        assert_eq!((trusted.trust, written(&letter).contains("trusted")), (Trust::Trusted, false));
        letter.origin.trust = Trust::Untrusted;
        let old = Letter::parse(1, written(&letter).into());
        assert_eq!(old.trust, Trust::Untrusted);
        let resume = old.resume();
        for line in [again(&old, &letter, clock.now()), returned(&old, &resume, "", clock.now())] {
            assert_eq!(Letter::parse(1, line).trust, Trust::Untrusted);
        }
        let unclear = written(&letter).replace("false", "null");
        assert!(Letter::parse(1, unclear.into()).is_damaged());
    }

    #[test]
    fn everything_known_is_said() {
        let letter = DeadLetter {
            event: Some(Identity {
                kind: Some(EventType::Group),
                message_id: Some("m".to_owned()),
                user: Some("u".to_owned()),
            }),
            answer: Some(Refused {
                endpoint: Endpoint::PutTenant,
                step: 1,
                steps_done: vec![0],
                generation: Generation(2),
                status: Some(400),
                excerpt: Some("bad".to_owned()),
            }),
            ..letter(b"{}")
        };
        let found: Value = serde_json::from_str(&written(&letter)).unwrap();
        assert_eq!(
            found,
            json!({
                "at": "2000-02-29T12:30:15.250Z", "reason": "unreadable", "detail": "not valid JSON",
                "origin": "a.ndjson:7", "type": "group", "message_id": "m", "user_id": "u",
                "endpoint": "PUT /tenants/{tenant_id}", "step": 1, "steps_done": [0], "generation": 2, "status": 400, "answer": "bad",
                "record": {},
            })
        );
    }
}
