//! Events as Vector encodes them, and what becomes of each.

use super::*;
use crate::runner::source::vector::proto::{Array, Object, Timestamp};

fn rules(except: &[&str]) -> Rules {
    let path = |path: &&str| path.split('.').map(str::to_owned).collect();
    Rules { except: except.iter().map(path).collect(), max_event_bytes: 10_000 }
}

fn value(content: Content) -> Bytes {
    Value { content: Some(content) }.encode_to_vec().into()
}

fn text(text: &str) -> Bytes {
    value(Content::Text(Bytes::copy_from_slice(text.as_bytes())))
}

fn members<const N: usize>(members: [(&str, Bytes); N]) -> Vec<Member> {
    members.into_iter().map(|(name, value)| Member { name: name.to_owned(), value }).collect()
}

fn nested<const N: usize>(list: [(&str, Bytes); N]) -> Bytes {
    value(Content::Object(Object { members: members(list) }.encode_to_vec().into()))
}

fn array<const N: usize>(elements: [Bytes; N]) -> Bytes {
    value(Content::Array(Array { elements: elements.into() }.encode_to_vec().into()))
}

fn wrapped(log: &Log) -> Bytes {
    let event = Some(Kind::Log(log.encode_to_vec().into()));
    EventWrapper { event }.encode_to_vec().into()
}

fn log<const N: usize>(list: [(&str, Bytes); N]) -> Bytes {
    wrapped(&Log { fields: members(list), ..Log::default() })
}

/// The record's text, or the problem and the text.
fn read(event: &Bytes, except: &[&str]) -> Result<String, (String, String)> {
    match convert(event, &rules(except)).payload {
        Payload::Bytes(bytes) => Ok(String::from_utf8(bytes.into()).unwrap()),
        Payload::Unreadable { bytes, problem } => {
            Err((problem, String::from_utf8_lossy(&bytes).into_owned()))
        }
    }
}

#[test]
fn every_kind_of_value_has_its_json() {
    let time = |seconds, nanos| value(Content::Timestamp(Timestamp { seconds, nanos }));
    let event = log([
        ("type", text("track")),
        ("quote\"d", text("line\nbreak ü")),
        ("whole", value(Content::Integer(i64::MIN))),
        ("half", value(Content::Float(0.5))),
        ("one", value(Content::Float(1.0))),
        ("yes", value(Content::Boolean(true))),
        ("nothing", value(Content::Null(0))),
        ("then", time(951_827_415, 250_000_000)),
        ("before", time(-1, 0)),
        ("list", array([text("a"), array([]), nested([])])),
        ("properties", nested([("deep", nested([("er", value(Content::Integer(7)))]))])),
    ]);
    let expected = r#"{"before":"1969-12-31T23:59:59Z","half":0.5,"list":["a",[],{}],"nothing":null,"one":1.0,"properties":{"deep":{"er":7}},"quote\"d":"line\nbreak ü","then":"2000-02-29T12:30:15.25Z","type":"track","whole":-9223372036854775808,"yes":true}"#;
    assert_eq!(read(&event, &[]).unwrap(), expected);
}

#[test]
fn what_json_cannot_say_is_told_with_its_place_and_a_stand_in() {
    let time = |seconds, nanos| value(Content::Timestamp(Timestamp { seconds, nanos }));
    let bytes = value(Content::Text(Bytes::from_static(b"a\xffb")));
    for (wrong, said, stand_in) in [
        (value(Content::Float(f64::NAN)), "is the float NaN, null stands for it", "null"),
        (value(Content::Float(f64::INFINITY)), "is the float inf, null stands for it", "null"),
        (bytes, "has invalid UTF-8 at byte 1, U+FFFD stands for it", "\"a\u{fffd}b\""),
        (
            time(i64::MAX, 0),
            "is a time that no date can be written for, null stands for it",
            "null",
        ),
        (time(0, -1), "is a time that no date can be written for, null stands for it", "null"),
        (Bytes::new(), "has no value, null stands for it", "null"),
    ] {
        let event = log([("a", nested([("b", array([text("x"), nested([("c", wrong)])]))]))]);
        let (problem, json) = read(&event, &[]).unwrap_err();
        assert_eq!(problem, format!("`a.b[1].c` {said}"));
        assert_eq!(json, format!(r#"{{"a":{{"b":["x",{{"c":{stand_in}}}]}}}}"#));
    }
}

#[test]
fn nesting_is_followed_so_far_and_no_further() {
    let deep = |levels: usize| {
        let value = (0..levels).fold(text("x"), |inner, _| nested([("a", inner)]));
        log([("a", value)])
    };
    assert!(read(&deep(DEEPEST), &[]).is_ok());
    let (problem, json) = read(&deep(DEEPEST + 1), &[]).unwrap_err();
    assert!(problem.ends_with("is nested deeper than 120 levels, null stands for it"), "{problem}");
    assert!(json.ends_with(&format!("\"a\":null{}", "}".repeat(DEEPEST + 1))), "{json}");
    let deepest = (0..10_000).fold(Bytes::new(), |inner, _| array([inner]));
    let event = log([("a", deepest)]);
    let problem = convert(&event, &Rules { max_event_bytes: 1 << 30, ..rules(&[]) }).payload;
    assert!(matches!(problem, Payload::Unreadable { .. }));
}

#[test]
fn what_vector_adds_is_left_out_at_every_depth() {
    let event = log([
        ("host", text("h")),
        ("type", text("track")),
        ("source_type", nested([("a", text("b"))])),
        ("properties", nested([("host", text("kept")), ("debug", text("gone"))])),
    ]);
    assert_eq!(
        read(&event, &["host", "source_type", "properties.debug", "type.x"]).unwrap(),
        r#"{"properties":{"host":"kept"},"type":"track"}"#
    );
}

#[test]
fn the_order_on_the_wire_does_not_matter_and_the_last_of_a_name_counts() {
    let [one, other] = ["1", "2"].map(text);
    let event = log([("b", one.clone()), ("c", one.clone()), ("a", one.clone()), ("b", other)]);
    assert_eq!(read(&event, &[]).unwrap(), r#"{"a":"1","b":"1","b":"2","c":"1"}"#);
}

#[test]
fn a_message_of_json_is_the_record_unless_its_object_is_an_event() {
    let carried = r#" {"type":"identify","userId":"ann","n":1.50}"#;
    let event = log([("message", text(carried)), ("host", text("h"))]);
    assert_eq!(read(&event, &[]).unwrap(), carried);
    let event = log([("message", text("[1]")), ("type", text("track"))]);
    assert_eq!(read(&event, &[]).unwrap(), r#"{"message":"[1]","type":"track"}"#);
    let event = log([("message", text("hello {}"))]);
    assert_eq!(read(&event, &[]).unwrap(), r#"{"message":"hello {}"}"#);
    let root = |root: Bytes| {
        let log =
            Log { value: Some(root), fields: members([(".", text("dummy"))]), metadata: None };
        read(&wrapped(&log), &["host"])
    };
    assert_eq!(root(text(carried)).unwrap(), carried);
    assert_eq!(root(nested([("host", text("h"))])).unwrap(), "{}");
    assert_eq!(root(array([nested([])])).unwrap(), "[{}]");
    assert_eq!(root(text("hello")).unwrap_err().0, "the event is a text that holds no JSON");
    assert_eq!(root(Bytes::new()).unwrap_err().0, "the event has no value, null stands for it");
}

#[test]
fn what_is_no_log_cannot_be_read() {
    for (event, problem) in [
        (&b""[..], "the event is neither a log, nor a metric, nor a trace"),
        (b"\x12\x00", "the event is a metric, of which no Courier request can be made"),
        (b"\x1a\x00", "the event is a trace, of which no Courier request can be made"),
    ] {
        let converted = convert(&Bytes::copy_from_slice(event), &rules(&[]));
        assert!(converted.is_sound);
        let Payload::Unreadable { bytes, problem: said } = converted.payload else { panic!() };
        assert_eq!((&bytes[..], said.as_str()), (event, problem));
    }
    for broken in [
        &b"\xff\xff"[..],
        b"\x0a\x05\x0a",
        b"\x0a\x02\x0a\x07",
        b"\x0a\x06\x0a\x04\x0a\x02\xff\xfe",
    ] {
        let converted = convert(&Bytes::copy_from_slice(broken), &rules(&[]));
        assert!(!converted.is_sound, "{broken:?}");
        let Payload::Unreadable { bytes, problem } = converted.payload else { panic!() };
        assert_eq!(bytes, broken);
        assert!(
            problem.starts_with("the event is not an event of Vector's protocol: "),
            "{problem}"
        );
    }
}

#[test]
fn an_event_that_is_too_large_keeps_its_head() {
    let event = log([("type", text(&"x".repeat(20_000)))]);
    let Payload::Unreadable { bytes, problem } = convert(&event, &rules(&[])).payload else {
        panic!()
    };
    assert_eq!(bytes, event.slice(..bytes.len()));
    assert!(problem.starts_with("an event may take 10000 bytes, this one takes 20"), "{problem}");
}

#[test]
fn the_same_event_has_the_same_seed_and_a_split_one_has_two() {
    let event = |name: &str, id: &[u8]| {
        let metadata = Metadata { source_event_id: Bytes::copy_from_slice(id) };
        let metadata = Some(metadata.encode_to_vec().into());
        let fields = members([("type", text(name))]);
        convert(&wrapped(&Log { fields, value: None, metadata }), &rules(&[])).seed
    };
    let seed = event("track", &[7; 16]);
    assert!(seed.is_some());
    assert_eq!(event("track", &[7; 16]), seed);
    assert_ne!(event("track", &[8; 16]), seed);
    assert_ne!(event("group", &[7; 16]), seed);
    assert_eq!(event("track", &[7; 15]), None);
    assert_eq!(convert(&log([]), &rules(&[])).seed, None);
}

proptest::proptest! {
    #[test]
    fn any_bytes_end_as_a_record(event in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let event = Bytes::from(event);
        convert(&event, &rules(&[]));
        let log = Some(Kind::Log(event));
        convert(&EventWrapper { event: log }.encode_to_vec().into(), &rules(&[]));
    }
}
