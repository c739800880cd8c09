//! Events and rules nobody thought of: odd numbers, escapes, repeats, wrong kinds and all options in any mixture.

use courier_sink::event::{Event, Trust};
use courier_sink::plan::Rules;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

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
    let members = members.iter().map(|(name, value)| format!("\"{name}\" : {value}"));
    format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
}

/// An event: a type, ids of all kinds, and whatever else.
pub(crate) fn event() -> impl Strategy<Value = Event> {
    const TYPES: &[&str] = &["identify", "track", "track", "group", " Track ", "page", "x"];
    const IDS: &[&str] = &["\"u\"", "0", "\"..\"", "\"\"", "null", "\"a/b\"", "9007199254740993"];
    const FIELDS: &[&str] = &["userId", "anonymousId", "groupId", "messageId"];
    const BODIES: &[&str] = &["traits", "properties", "properties", "context", "integrations", "z"];
    let kind = select(TYPES).prop_map(|kind| vec![("type", format!("\"{kind}\""))]);
    let ids = vec((select(FIELDS), select(IDS).prop_map(str::to_owned)), 0..5);
    let bodies = vec((select(BODIES), value()), 0..5);
    let times = prop_oneof![Just(vec![]), Just(vec![("sentAt", "\"2026-01-01\"".to_owned())])];
    (kind, ids, bodies, times)
        .prop_map(|(kind, ids, bodies, times)| [kind, ids, bodies, times].concat())
        .prop_shuffle()
        .prop_map(|members| object(&members))
        .prop_filter_map("no event", |text| decode(&text, Some(5), Trust::Trusted).ok())
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
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
