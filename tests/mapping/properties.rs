//! What holds for every event under every rule.

use courier_sink::courier::{Action, Generation, MAX_BODY_BYTES, Request};
use courier_sink::event::Event;
use courier_sink::json::Members;
use courier_sink::plan::{Inline, Plan, Rules, Steps, plan};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde::de::IgnoredAny;

use crate::outcome::decode;
use crate::rules::Options;

/// Names that mean something somewhere, some of them spelt with escapes.
const NAMES: &[&str] = &[
    "traits",
    "properties",
    "context",
    "courier",
    "\\u0063ourier",
    "automation",
    "steps",
    "st\\u0065ps",
    "template",
    "data",
    "recipient",
    "profile",
    "name",
    "phone",
    "address",
    "city",
    "custom",
    "mobile",
    "All",
    "Courier",
    "consentManagement",
    "deniedConsentIds",
    "provider",
    "é",
    "\\ud800",
    "",
];

const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0.0",
    "1.10",
    "1e400",
    "9007199254740993",
    "\"\"",
    "\"null\"",
    "\"t\"",
    "\"..\"",
    "\"\\u00e9\\/\"",
    "\"\\ud83e\\udd80\"",
    "\"\\ud800\"",
    "\"custom\"",
    "[\"c1\"]",
    "{}",
    "[]",
    "[ null ]",
    "[{\"action\":\"send\"}]",
    r#"{"courier":{"automation":{"steps":[{}],"template":"evil","data":{"steps":[1]}}}}"#,
    r#"{"courier":{"automation":{"steps":[1]}},"courier":{}}"#,
    r#"{"automation":{"template":"evil","recipient":5}}"#,
];

fn value() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?";
    let text = "\\PC{0,8}".prop_map(|text| serde_json::to_string(&text).unwrap());
    let leaf = prop_oneof![
        4 => select(VALUES).prop_map(str::to_owned),
        1 => number,
        1 => text,
    ];
    leaf.prop_recursive(5, 32, 4, |inner| {
        prop_oneof![
            1 => vec(inner.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(" ,"))),
            3 => vec((select(NAMES), inner), 0..4).prop_map(|all| object(&all)),
        ]
    })
}

fn object(members: &[(&str, String)]) -> String {
    let members = members
        .iter()
        .map(|(name, value)| format!("\"{name}\" : {value}"));
    format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
}

/// An event: a type, ids of all kinds, and whatever else.
fn event() -> impl Strategy<Value = Event> {
    const TYPES: &[&str] = &[
        "identify", "track", "track", "group", " Track ", "page", "x",
    ];
    const IDS: &[&str] = &[
        "\"u\"",
        "0",
        "\"..\"",
        "\"\"",
        "null",
        "\"a/b\"",
        "9007199254740993",
    ];
    const FIELDS: &[&str] = &["userId", "anonymousId", "groupId", "messageId"];
    const BODIES: &[&str] = &[
        "traits",
        "properties",
        "properties",
        "context",
        "integrations",
        "z",
    ];
    let kind = select(TYPES).prop_map(|kind| vec![("type", format!("\"{kind}\""))]);
    let ids = vec((select(FIELDS), select(IDS).prop_map(str::to_owned)), 0..5);
    let bodies = vec((select(BODIES), value()), 0..5);
    let times = prop_oneof![
        Just(vec![]),
        Just(vec![("sentAt", "\"2026-01-01\"".to_owned())])
    ];
    (kind, ids, bodies, times)
        .prop_map(|(kind, ids, bodies, times)| [kind, ids, bodies, times].concat())
        .prop_shuffle()
        .prop_map(|members| object(&members))
        .prop_filter_map("no event", |text| decode(&text, Some(5)).ok())
}

fn rules() -> impl Strategy<Value = Rules> {
    const BLOCKS: &str = r#"{"on":"track","steps":[{"configured":1}]},
        {"on":"identify","template":"mapped","only":true},{"on":"page","journey":"mapped"},
        {"on":"group","template":"mapped","data":"traits","recipient":"properties.id"}"#;
    let direct = (
        select(&["verbatim", "custom"][..]),
        select(&["drop", "delete"][..]),
        any::<[bool; 2]>(),
        select(&["inbound_rudderstack", "inbound_courier", "skip"][..]),
        select(&["merge", "replace", "create_only", "skip"][..]),
        select(&["", r#""track","identify","group","page""#][..]),
        select(&["", BLOCKS][..]),
    );
    let all = (
        select(&["direct", "inbound"][..]),
        any::<bool>(),
        select(&["allow", "template", "ignore"][..]),
        select(&["strict", "ignore"][..]),
        direct,
    );
    all.prop_map(|(mode, group, inline, integrations, direct)| {
        let (traits, nulls, [attributes, anonymous], unmapped, tenant, announce, blocks) = direct;
        let options = format!(
            r#"{{"mode":"{mode}","group":{group},"inline":"{inline}","integrations":"{integrations}",
            "consent":{{"provider":"custom","ids":["c1"]}},"rename":{{"mobile":"phone_number","name":"city"}},
            "traits":"{traits}","null_traits":"{nulls}","context_attributes":{attributes},
            "anonymous_fallback":{anonymous},"unmapped":"{unmapped}","tenant_write":"{tenant}",
            "announce":[{announce}],"automations":[{blocks}]}}"#
        );
        serde_json::from_str::<Options>(&options).unwrap().rules()
    })
}

fn steps(event: &Event, rules: &Rules) -> Option<Steps> {
    match plan(event, rules) {
        Plan::Steps(steps) => Some(steps),
        Plan::Skip(_) | Plan::Refuse(_) => None,
    }
}

/// The bodies of all requests, a tenant's as it would be if there were none yet, and if there were one.
fn bodies(steps: &Steps) -> Vec<String> {
    let mut bodies = Vec::new();
    for step in &steps.steps {
        match &step.action {
            Action::Request(request) => bodies.extend(request.body()),
            Action::UpdateTenant { update, .. } => {
                bodies.push(update.create().unwrap());
                let stored = br#"{"id":"g","properties":{"name":{"phone":1}}}"#;
                bodies.push(update.merge_into(stored).unwrap());
            }
        }
    }
    let text = bodies
        .iter()
        .map(|body| String::from_utf8(body.to_bytes().to_vec()).unwrap());
    text.collect()
}

/// Whether an untrusted member is anywhere below `path`, in any repetition of it.
fn leaks(text: &str, path: &[&str], names: &[&str]) -> bool {
    let members = Members::of(text);
    match path {
        [] => members.iter().any(|(name, _)| names.contains(&name)),
        [first, rest @ ..] => members
            .iter()
            .any(|(name, value)| name == *first && leaks(value, rest, names)),
    }
}

/// What RudderStack's destination makes of an event, said once more in other words.
fn forwarded(event: &Event) -> Vec<(String, String)> {
    let members = event.body.members();
    let is_lifted = event.kind.as_str() == "identify"
        && event
            .traits
            .as_ref()
            .is_none_or(|it| ["false", "0", "-0.0", "\"\""].contains(&it.as_str()));
    let mut kept: Vec<_> = members
        .iter()
        .filter(|(name, value)| members.get(name) != Some("null") && *value != "null")
        .filter(|(name, _)| !(is_lifted && *name == "traits"))
        .filter(|(name, _)| !(event.message_id_was_made && *name == "messageId"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if let Some(traits) = event.context_traits().filter(|_| is_lifted) {
        kept.push(("traits".to_owned(), traits.as_str().to_owned()));
    }
    if event.message_id_was_made {
        let id = serde_json::to_string(event.message_id.as_str()).unwrap();
        kept.push(("messageId".to_owned(), id));
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn inbound_mode_keeps_every_value_to_the_byte(event in event()) {
        let options = r#"{"mode":"inbound","integrations":"ignore"}"#;
        let rules = serde_json::from_str::<Options>(options).unwrap().rules();
        if let Some(steps) = steps(&event, &rules) {
            let bodies = bodies(&steps);
            prop_assert_eq!(bodies.len(), 1);
            let sent: Vec<_> = Members::of(&bodies[0])
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            prop_assert_eq!(sent, forwarded(&event));
        }
    }

    #[test]
    fn planning_ends_and_the_same_event_gives_the_same_plan(event in event(), rules in rules()) {
        let again = decode(event.body.as_str(), Some(5)).unwrap();
        let planned = plan(&event, &rules);
        prop_assert_eq!(&planned, &plan(&again, &rules));
        if let Plan::Steps(steps) = planned {
            prop_assert!(!steps.steps.is_empty());
            let mut keys = Vec::new();
            for (position, step) in steps.steps.iter().enumerate() {
                prop_assert!(step.after.is_none_or(|after| after < position));
                if let Action::Request(request) = &step.action {
                    keys.push(step.seed.key(request, Generation::default()).to_string());
                }
            }
            let count = keys.len();
            keys.sort();
            keys.dedup();
            prop_assert_eq!(keys.len(), count);
        }
    }

    #[test]
    fn every_body_is_an_object_within_the_limit(event in event(), rules in rules()) {
        for body in steps(&event, &rules).iter().flat_map(bodies) {
            let is_object = body.starts_with('{');
            prop_assert!(is_object && body.len() <= MAX_BODY_BYTES);
            prop_assert!(serde_json::from_str::<IgnoredAny>(&body).is_ok(), "{}", body);
        }
    }

    #[test]
    fn what_is_not_trusted_never_gets_through(event in event(), rules in rules()) {
        let names: &[&str] = match rules.inline {
            Inline::Allow => return Ok(()),
            Inline::Template => &["steps"],
            Inline::Ignore => &["steps", "template"],
        };
        let Some(steps) = steps(&event, &rules) else { return Ok(()) };
        for step in &steps.steps {
            let Action::Request(request) = &step.action else { continue };
            let Some(body) = request.body() else { continue };
            let body = String::from_utf8(body.to_bytes().to_vec()).unwrap();
            match request {
                Request::InboundRudderStack { .. } | Request::InboundCourier { .. } => {
                    let path = ["properties", "courier", "automation"];
                    prop_assert!(!leaks(&body, &path, names), "{}", body);
                }
                Request::InvokeAdHoc { .. } => {
                    let automation = Members::of(&body).get("automation").unwrap().to_owned();
                    prop_assert_eq!(automation, r#"{"steps":[{"configured":1}]}"#);
                }
                Request::InvokeAutomation { template, .. } if rules.inline == Inline::Ignore => {
                    prop_assert_eq!(template.as_str(), "mapped");
                }
                // Whatever these carry of the event is data to Courier, never run.
                Request::InvokeAutomation { .. }
                | Request::InvokeJourney { .. }
                | Request::PostProfile { .. }
                | Request::PutTenant { .. }
                | Request::PutMembership { .. }
                | Request::GetTenant { .. }
                | Request::ListTenants => {}
            }
        }
    }
}
