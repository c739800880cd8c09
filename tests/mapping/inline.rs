//! What is told as ignored and what is taken out are one thing.

use courier_sink::courier::{Action, Request};
use courier_sink::event::{Event, Trust};
use courier_sink::plan::{Inline, Plan, Rules, plan};

use crate::outcome::decode;
use crate::rules::Options;

/// What RudderStack's route gets of it, and whether something is told as ignored.
fn sent(event: &Event, rules: &Rules) -> (Vec<u8>, bool) {
    let planned = plan(event, rules);
    let Plan::Steps(steps) = planned.plan else { panic!("it is sent") };
    let Action::Request(Request::InboundRudderStack { body }) = &steps.first().unwrap().action
    else {
        panic!("it goes to RudderStack's route")
    };
    (body.to_bytes().to_vec(), planned.ignored_inline.is_some())
}

#[test]
fn something_is_told_as_ignored_exactly_where_something_is_taken_out() {
    let options = r#"{"mode":"inbound","integrations":"ignore"}"#;
    let rules = serde_json::from_str::<Options>(options).unwrap().rules();
    let mut ignored = 0;
    for properties in [
        "{}",
        "null",
        r#"{"courier":1}"#,
        r#"{"courier":{"automation":[{"steps":1}],"steps":1}}"#,
        r#"{"courier":{"automation":{"data":{"steps":1}}}}"#,
        r#"{"courier":{"automation":{"steps":[]}}}"#,
        r#"{"courier":{"automation":{"steps":null}}}"#,
        r#"{"courier":{"automation":{"template":"t"}}}"#,
        r#"{"courier":{"automation":{"template":"t","steps":[1]}}}"#,
        r#"{"courier":{"automation":{"st\u0065ps":[1]}}}"#,
        r#"{"c\u006furier":{"automation":{"template":"t"}}}"#,
        r#"{"courier":{"automation":{"steps":[1]}},"courier":{"automation":{}}}"#,
        r#"{"courier":{"automation":{},"automation":{"template":"t"}}}"#,
    ] {
        let text = format!(
            r#"{{"type":"track","event":"e","userId":"u","messageId":"m","properties":{properties}}}"#
        );
        for trust in [Trust::Trusted, Trust::Untrusted] {
            let event = decode(&text, None, trust).unwrap();
            let trusted = Event { trust: Trust::Trusted, ..event.clone() };
            let (whole, _) = sent(&trusted, &Rules { inline: Inline::Allow, ..rules.clone() });
            for inline in [Inline::Ignore, Inline::Template, Inline::Allow] {
                let (body, is_told) = sent(&event, &Rules { inline, ..rules.clone() });
                assert_eq!(is_told, body != whole, "{properties}, {trust:?}, {inline}");
                ignored += usize::from(is_told);
            }
        }
    }
    assert!(ignored > 20, "{ignored}");
}
