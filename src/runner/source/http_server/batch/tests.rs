//! Bodies of every shape, good and bad.

use futures::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::event::Trust;

fn rules(shape: Shape) -> Rules<'static> {
    let origin =
        Origin { name: "test".into(), line: None, seed: Seed::Random(0), trust: Trust::Trusted };
    Rules { shape, strict: false, max_events: 3, stamp: None, scope: "writer", origin }
}

/// Each event as its text, a bad one with its problem in front.
fn take(body: &[u8], rules: &Rules<'_>) -> Result<Vec<String>, Refusal> {
    let records = cut(&Bytes::copy_from_slice(body), rules)?;
    let arrivals = arrivals(records, rules, fastrand::Rng::with_seed(1));
    let arrivals = arrivals.now_or_never().expect("few events are read at once")?;
    let show = |arrival: Arrival| match arrival.payload {
        Payload::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Payload::Unreadable { bytes, problem } => {
            format!("{problem}: {}", String::from_utf8_lossy(&bytes))
        }
    };
    Ok(arrivals.into_iter().map(show).collect())
}

const A: &str = r#"{"userId":"a"}"#;
const B: &str = r#"{"anonymousId":"b","type":"page"}"#;

#[test]
fn a_batch_is_its_events_in_their_order() {
    let rules = rules(Shape::Batch);
    for body in [
        format!(r#"{{"batch":[{A},{B}],"sentAt":"10:00"}}"#),
        format!(" {{ \"x\" : [ ] , \"batch\" : [ {A} ,\n{B} ] }}\n"),
    ] {
        assert_eq!(take(body.as_bytes(), &rules).unwrap(), [A, B]);
    }
    let one = format!(r#"{{"batch":{A}}}"#);
    assert_eq!(take(one.as_bytes(), &rules).unwrap(), [A]);
}

#[test]
fn what_is_no_batch_is_refused_in_the_gateways_words() {
    for strict in [false, true] {
        let rules = Rules { strict, ..rules(Shape::Batch) };
        for (body, refusal) in [
            ("", Refusal::NotJson),
            ("hello", Refusal::NotJson),
            ("{\"batch\":[", Refusal::NotJson),
            ("{\"batch\":[}]", Refusal::NotJson),
            ("{\"batch\":hello}", Refusal::NotJson),
            ("{\"batch\":[{\"userId\":\"a\"}]} x", Refusal::NotJson),
            ("{}", Refusal::EmptyBatch),
            ("5", Refusal::EmptyBatch),
            ("{\"batch\":null}", Refusal::EmptyBatch),
            ("{\"batch\":[]}", Refusal::EmptyBatch),
            ("[{\"userId\":\"a\"}]", Refusal::EmptyBatch),
            ("{\"batch\":5}", Refusal::NotAnEvent),
            ("{\"batch\":[5]}", Refusal::NotAnEvent),
            ("{\"batch\":[[{\"userId\":\"a\"}]]}", Refusal::NotAnEvent),
            ("{\"batch\":[{}]}", Refusal::Nobody),
            ("{\"batch\":[{\"userId\":\" \"},{}]}", Refusal::Nobody),
            ("{\"batch\":[{},{},{},{}]}", Refusal::TooLarge),
        ] {
            assert_eq!(take(body.as_bytes(), &rules), Err(refusal), "{body}");
        }
        assert_eq!(take(b"{\"batch\":[{\"\xff\":1}]}", &rules), Err(Refusal::NotJson));
    }
}

#[test]
fn a_bad_record_costs_only_itself_unless_the_rule_is_strict() {
    for (bad, refusal) in [
        ("5", Refusal::NotAnEvent),
        ("[]", Refusal::NotAnEvent),
        ("", Refusal::NotJson),
        ("{\"userId\":}", Refusal::NotJson),
        ("{}", Refusal::Nobody),
    ] {
        let body = format!(r#"{{"batch":[{A},{bad},{B}]}}"#);
        let lenient = rules(Shape::Batch);
        let said = format!("{refusal}: {bad}");
        assert_eq!(take(body.as_bytes(), &lenient).unwrap(), [A, &said, B]);
        let strict = Rules { strict: true, ..lenient };
        assert_eq!(take(body.as_bytes(), &strict), Err(refusal), "{body}");
    }
}

#[test]
fn one_event_has_the_type_of_its_route() {
    let rules = rules(Shape::Single("track"));
    let typed = r#"{"userId":"a","type":"track"}"#;
    assert_eq!(take(br#"{"type":"page","userId":"a"}"#, &rules).unwrap(), [typed]);
    for (body, refusal) in [
        ("x", Refusal::NotJson),
        ("[{\"userId\":\"a\"}]", Refusal::NotAnEvent),
        ("\"a\"", Refusal::NotAnEvent),
        ("{}", Refusal::Nobody),
        ("{\"type\":\"record\"}", Refusal::Nobody),
    ] {
        assert_eq!(take(body.as_bytes(), &rules), Err(refusal), "{body}");
    }
}

#[test]
fn a_body_of_any_shape_is_what_the_sink_understands() {
    let rules = rules(Shape::Any);
    for body in [format!("[{A},{B}]"), format!("{A}\n{B}\n"), format!(r#"{{"batch":[{A},{B}]}}"#)] {
        assert_eq!(take(body.as_bytes(), &rules).unwrap(), [A, B]);
    }
    assert_eq!(take(b"{\"type\":\"group\"}", &rules).unwrap(), ["{\"type\":\"group\"}"]);
    assert_eq!(take(b"{}\nx\n", &rules).unwrap(), ["{}", "invalid json: x"]);
    for body in ["", " \n", "x"] {
        assert_eq!(take(body.as_bytes(), &rules), Err(Refusal::NotJson), "{body}");
    }
    assert_eq!(take(b"[]", &rules), Err(Refusal::EmptyBatch));
}

#[test]
fn lines_are_taken_by_the_strict_rule_as_well_if_each_of_them_is_good() {
    let rules = Rules { strict: true, ..rules(Shape::Any) };
    for body in [
        format!("{A}\n{B}"),
        format!("{A}\n\n{B}\r\n"),
        format!("[{A},{B}]"),
        format!("[\n{A},\n{B}\n]\n"),
        format!("[{A}]\n{B}"),
        format!("{{\"batch\":[{A},{B}]}}"),
    ] {
        assert_eq!(take(body.as_bytes(), &rules).unwrap(), [A, B], "{body}");
    }
    for body in [
        format!("{A}\nx\n{B}"),
        format!("{A} {B}"),
        format!("[{A},{B}"),
        format!("[{A},]"),
        format!("[{A}]x"),
        format!("{{\"batch\":[{A},{B}]"),
        format!("{{\"batch\":[{A}]}} x"),
        format!("{{\"batch\":[{A}],}}"),
    ] {
        assert_eq!(take(body.as_bytes(), &rules), Err(Refusal::NotJson), "{body}");
    }
    assert_eq!(take(format!("{A}\n5").as_bytes(), &rules), Err(Refusal::NotAnEvent));
}

#[test]
fn nesting_is_no_matter_here() {
    let deep = format!(r#"{{"userId":"a","x":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    let body = format!(r#"{{"batch":[{deep},{A}]}}"#);
    assert_eq!(take(body.as_bytes(), &rules(Shape::Batch)).unwrap(), [&deep, A]);
    let open = "{\"batch\":".repeat(200_000);
    assert_eq!(take(open.as_bytes(), &rules(Shape::Any)), Err(Refusal::NotJson));
}

proptest! {
    #[test]
    fn any_bytes_have_an_end(body in ".{0,60}", prefix in prop::sample::select(vec!["", "{\"batch\":", "{\"batch\":[", "[{"])) {
        let body = format!("{prefix}{body}");
        for shape in [Shape::Batch, Shape::Single("track"), Shape::Any] {
            for strict in [false, true] {
                let taken = take(body.as_bytes(), &Rules { strict, ..rules(shape) });
                prop_assert!(taken.is_err() || taken.is_ok_and(|events| !events.is_empty()));
            }
        }
    }
}
