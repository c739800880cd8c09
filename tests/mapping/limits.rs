//! How large a body may become: to the byte, and before any HTTP.

use courier_sink::courier::{Action, MAX_BODY_BYTES};
use courier_sink::event::Trust;
use courier_sink::plan::{Plan, plan};

use crate::outcome::decode;
use crate::rules::Options;

/// The size of the only body that comes of an event filled up with `filler` bytes, or the refusal.
fn size(options: &str, event: &str, filler: usize) -> Result<usize, String> {
    let event = decode(&event.replace('*', &"x".repeat(filler)), None, Trust::Trusted).unwrap();
    let options: Options = serde_json::from_str(options).unwrap();
    match plan(&event, &options.rules()).plan {
        Plan::Steps(steps) => match &steps.first().unwrap().action {
            Action::Request(request) => Ok(request.body().unwrap().len()),
            Action::UpdateTenant { .. } => panic!("a tenant's size is known once it is read"),
        },
        Plan::Refuse(refusal) => Err(refusal.to_string()),
        Plan::Skip(reason) => panic!("skipped: {reason}"),
    }
}

#[test]
fn a_body_of_six_million_bytes_goes_and_one_more_is_refused() {
    for (options, event) in [
        ("{}", r#"{"type":"identify","messageId":"m","userId":"u","traits":{"a":"*"}}"#),
        ("{}", r#"{"type":"track","messageId":"m","event":"e","x":"*"}"#),
        (
            "{}",
            r#"{"type":"track","messageId":"m","properties":{"courier":{"automation":{"steps":["*"],"data":{}}}}}"#,
        ),
        (
            "{}",
            r#"{"type":"track","messageId":"m","properties":{"courier":{"automation":{"template":"t","data":{"a":"*"}}}}}"#,
        ),
        (r#"{"mode":"inbound"}"#, r#"{"type":"track","messageId":"m","x":"*"}"#),
        (
            r#"{"unmapped":"inbound_courier"}"#,
            r#"{"type":"track","messageId":"m","event":"e","properties":{"a":"*"}}"#,
        ),
        (
            r#"{"tenant_write":"replace"}"#,
            r#"{"type":"group","messageId":"m","groupId":"g","traits":{"a":"*"}}"#,
        ),
        (
            r#"{"automations":[{"on":"page","journey":"j"}]}"#,
            r#"{"type":"page","messageId":"m","userId":"u","properties":{"a":"*"}}"#,
        ),
    ] {
        let overhead = size(options, event, 0).unwrap();
        let most = MAX_BODY_BYTES - overhead;
        assert_eq!(size(options, event, most), Ok(MAX_BODY_BYTES), "{event}");
        let refusal =
            "the request body would be 6000001 bytes, Courier takes at most 6000000".to_owned();
        assert_eq!(size(options, event, most + 1), Err(refusal), "{event}");
    }
}

#[test]
fn many_members_cost_no_more_than_their_number() {
    // Compared each with each, these would take minutes.
    let members = |name: &str| {
        let members: Vec<_> = (0..120_000).map(|n| format!(r#""{name}{n}":0"#)).collect();
        members.join(",")
    };
    let repeats = vec![r#""mobile":1"#; 120_000].join(",");
    let custom = format!(r#"{},"custom":{{{}}}"#, members("a"), members("b"));
    for (options, traits) in [
        (r#"{"rename":{"mobile":"phone_number"}}"#, repeats.clone()),
        (r#"{"traits":"custom"}"#, custom),
        (r#"{"null_traits":"drop"}"#, format!(r#"{repeats},"mobile":null"#)),
    ] {
        let event =
            format!(r#"{{"type":"identify","messageId":"m","userId":"u","traits":{{{traits}}}}}"#);
        assert!(size(options, &event, 0).is_ok());
    }
}
