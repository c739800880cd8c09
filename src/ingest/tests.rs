//! Every shape, every field rule, every error.

use super::{DecodeError, Limits, decode};
use crate::event::{Event, EventType, Origin, Seed, Trust};
use bytes::Bytes;

pub(super) fn origin() -> Origin {
    Origin {
        name: "in.ndjson".into(),
        line: Some(10),
        seed: Seed::Random(7),
        trust: Trust::Trusted,
    }
}

pub(super) fn read(record: &[u8]) -> Vec<Result<Event, DecodeError>> {
    decode(&Bytes::copy_from_slice(record), &origin(), &Limits::default()).collect()
}

fn bodies(record: &str) -> Vec<String> {
    read(record.as_bytes())
        .into_iter()
        .map(|event| event.unwrap().body.as_str().to_owned())
        .collect()
}

fn error(record: &str) -> String {
    let mut events = read(record.as_bytes());
    assert_eq!(events.len(), 1, "{record}");
    events.remove(0).unwrap_err().to_string()
}

pub(super) const A: &str = r#"{"type":"track","event":"a","userId":"u"}"#;
pub(super) const B: &str =
    r#"{ "type":"identify", "userId":9007199254740993, "traits":{"z":1.10,"a":1e400} }"#;

#[test]
fn every_shape_gives_its_events_to_the_byte() {
    for (record, expected) in [
        (A.to_owned(), vec![A]),
        (format!("\u{feff}{A}\n"), vec![A]),
        (format!("{A}\r\n\r\n{B}"), vec![A, B]),
        (format!("[{A},{B}]"), vec![A, B]),
        (format!("[\n  {A},\n  {B}\n]"), vec![A, B]),
        (format!("[{A}]\n{B}\n"), vec![A, B]),
        (format!(r#"{{"batch":[{A},{B}],"sentAt":"x"}}"#), vec![A, B]),
        (format!(r#"{{"type":"batch","batch":{A}}}"#), vec![A]),
        (format!(r#"{{"message":{A},"metadata":{{"x":1}}}}"#), vec![A]),
        (
            format!(r#"[{{"message":{A},"destination":{{}}}},{{"message":{B},"metadata":{{}}}}]"#),
            vec![A, B],
        ),
        (
            format!(r#"{{"userId":"<<>>a<<>>u","payload":{A},"createdAt":"t","messageId":"m"}}"#),
            vec![A],
        ),
        ("  \n\n".to_owned(), vec![]),
        ("[]".to_owned(), vec![]),
    ] {
        assert_eq!(bodies(&record), expected, "{record}");
    }
}

#[test]
fn an_event_over_several_lines_is_one_event() {
    let pretty = "{\n  \"type\": \"track\",\n  \"event\": \"x\"\n}";
    assert_eq!(bodies(pretty), [pretty]);
}

#[test]
fn own_members_named_like_envelopes_leave_an_event_alone() {
    for event in [
        r#"{"type":"track","message":{"a":1}}"#,
        r#"{"type":"track","payload":{"a":1},"createdAt":"t"}"#,
        r#"{"type":"track","batch":null}"#,
        r#"{"type":"track","properties":{"batch":[1]}}"#,
    ] {
        assert_eq!(bodies(event), [event]);
    }
}

#[test]
fn fields_are_read_and_numbers_become_their_text() {
    let event = r#"{"TYPE":"x","type":" Group ","userId":"","anonymousId":null,"groupId":12.50,
        "messageId":18446744073709551617,"traits":null,"integrations":null,"event":7}"#;
    let event = read(event.as_bytes()).remove(0).unwrap();
    assert_eq!(event.kind, EventType::Group);
    assert_eq!(event.user_id, None);
    assert_eq!(event.anonymous_id, None);
    assert_eq!(event.group_id.unwrap().as_str(), "12.50");
    assert_eq!(event.message_id.as_str(), "18446744073709551617");
    assert!(!event.message_id_was_made);
    assert!(event.traits.is_none());
    assert_eq!(event.integrations.unwrap().as_str(), "null");
    assert_eq!(event.name, None);
}

#[test]
fn errors_name_the_record_the_field_and_what_was_expected() {
    for (record, message) in [
        (
            r#"{"type":"track","userId":{}}"#,
            "in.ndjson:10: `userId` must be a string or a number, was an object",
        ),
        (
            r#"{"type":"track","groupId":1e3}"#,
            "in.ndjson:10: `groupId` must be a string or a number, was a number with an exponent",
        ),
        (
            r#"{"type":"track","messageId":true}"#,
            "in.ndjson:10: `messageId` must be a string or a number, was a boolean",
        ),
        (r#"{"type":"track","event":[]}"#, "in.ndjson:10: `event` must be a string, was an array"),
        (
            r#"{"type":3}"#,
            "in.ndjson:10: `type` must be `identify`, `track`, `group` or another event type, was a number",
        ),
        (
            "{}",
            "in.ndjson:10: `type` is missing or empty, expected `identify`, `track`, `group` or another event type",
        ),
        ("7", "in.ndjson:10: an event must be a JSON object, was a number"),
        (
            "{\"type\":\"track\"",
            "in.ndjson:10: not valid JSON: EOF while parsing an object at line 1 column 15",
        ),
        (r#"{"batch":"x"}"#, "in.ndjson:10: `batch` must be an array of events, was a string"),
        (
            r#"{"batch":[]}"#,
            "in.ndjson:10: `batch` must be a list with at least one event, was an empty array",
        ),
    ] {
        assert_eq!(error(record), message, "{record}");
    }
    let mixed = format!("{A}\n\nnope\n[{A},{{}}]");
    let errors: Vec<String> =
        read(mixed.as_bytes()).into_iter().filter_map(Result::err).map(|e| e.to_string()).collect();
    assert_eq!(errors.len(), 2);
    assert!(errors[0].starts_with("in.ndjson:12 (event 2): not valid JSON"), "{errors:?}");
    assert!(
        errors[1].starts_with("in.ndjson:13 (event 4): `type` is missing or empty"),
        "{errors:?}"
    );
}

#[test]
fn invalid_utf8_and_limits_cost_one_event() {
    let mut record = format!("[{A},").into_bytes();
    record.extend(b"{\"type\":\"\xff\"},");
    record.extend(
        format!("{}{}{},{B}]", r#"{"type":"track","p":"#, "[".repeat(70), "]".repeat(70) + "}")
            .bytes(),
    );
    let events = read(&record);
    assert_eq!(events.len(), 4);
    assert!(events[0].is_ok() && events[3].is_ok());
    let messages: Vec<_> =
        events[1..3].iter().map(|e| e.as_ref().unwrap_err().to_string()).collect();
    assert!(messages[0].contains("invalid UTF-8 at byte 9"), "{messages:?}");
    assert!(messages[1].contains("64 levels deep"), "{messages:?}");

    let limits = Limits { max_event_bytes: A.len(), ..Limits::default() };
    let events: Vec<_> = decode(&Bytes::from(format!("{A}\n{B}")), &origin(), &limits).collect();
    assert!(events[0].is_ok());
    assert!(events[1].as_ref().unwrap_err().to_string().contains("may take 41 bytes"));
}

#[test]
fn made_message_ids_follow_the_event_then_the_position_then_chance() {
    let id = |record: &str, seed| {
        let origin = Origin { seed, ..origin() };
        let event = decode(&Bytes::copy_from_slice(record.as_bytes()), &origin, &Limits::default())
            .next()
            .unwrap()
            .unwrap();
        assert!(event.message_id_was_made);
        event.message_id.as_str().to_owned()
    };
    let timed = r#"{"type":"track","sentAt":"2026-01-01"}"#;
    assert_eq!(id(timed, Seed::Random(1)), id(timed, Seed::Random(2)));
    let position = |offset| Seed::Position { fingerprint: 1, offset };
    assert_eq!(id(A, position(3)), id(A, position(3)));
    assert_ne!(id(A, position(3)), id(A, position(4)));
    assert_ne!(id(A, Seed::Random(1)), id(A, Seed::Random(2)));
    let twins = read(format!("{A}\n{A}").as_bytes());
    let ids: Vec<_> = twins.into_iter().map(|event| event.unwrap().message_id).collect();
    assert_ne!(ids[0], ids[1]);
}
