//! What holds for every event under every rule.

use courier_sink::courier::{Action, Generation, MAX_BODY_BYTES, Request};
use courier_sink::event::{Event, Trust};
use courier_sink::json::Members;
use courier_sink::plan::{IgnoredInline, Inline, Plan, Rules, Step, plan};
use proptest::prelude::*;
use serde::de::IgnoredAny;

use crate::arbitrary::{event, rules};
use crate::outcome::decode;
use crate::rules::Options;

fn steps(event: &Event, rules: &Rules) -> Option<Vec<Step>> {
    match plan(event, rules).plan {
        Plan::Steps(steps) => Some(steps),
        Plan::Skip(_) | Plan::Refuse(_) => None,
    }
}

/// The bodies of all requests, a tenant's as it would be if there were none yet, and if there were one.
fn bodies(steps: &[Step]) -> Vec<String> {
    let mut bodies = Vec::new();
    for step in steps {
        match &step.action {
            Action::Request(request) => bodies.extend(request.body()),
            Action::UpdateTenant { update, .. } => {
                bodies.push(update.create().unwrap());
                let stored = br#"{"id":"g","properties":{"name":{"phone":1}}}"#;
                bodies.push(update.merge_into(stored).unwrap());
            }
        }
    }
    let text = bodies.iter().map(|body| String::from_utf8(body.to_bytes().to_vec()).unwrap());
    text.collect()
}

/// Whether an untrusted member is anywhere below `path`, in any repetition of it.
fn leaks(text: &str, path: &[&str], names: &[&str]) -> bool {
    let members = Members::of(text);
    match path {
        [] => members.iter().any(|(name, _)| names.contains(&name)),
        [first, rest @ ..] => {
            members.iter().any(|(name, value)| name == *first && leaks(value, rest, names))
        }
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
        let again = decode(event.body.as_str(), Some(5), Trust::Trusted).unwrap();
        let planned = plan(&event, &rules);
        prop_assert_eq!(&planned, &plan(&again, &rules));
        if let Plan::Steps(steps) = planned.plan {
            prop_assert!(!steps.is_empty());
            let mut keys = Vec::new();
            for (position, step) in steps.iter().enumerate() {
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
        for body in steps(&event, &rules).iter().flat_map(|steps| bodies(steps)) {
            let is_object = body.starts_with('{');
            prop_assert!(is_object && body.len() <= MAX_BODY_BYTES);
            prop_assert!(serde_json::from_str::<IgnoredAny>(&body).is_ok(), "{}", body);
        }
    }

    #[test]
    fn an_untrusted_writer_gets_what_the_strictest_rule_gives(event in event(), rules in rules()) {
        let strictest = Rules { inline: Inline::Ignore, ..rules.clone() };
        let expected = plan(&event, &strictest);
        let untrusted = Event { trust: Trust::Untrusted, ..event };
        let planned = plan(&untrusted, &rules);
        prop_assert_eq!(planned.plan, expected.plan);
        // Only who decided it is another.
        let what = |it: Option<IgnoredInline>| it.map(|it| (it.steps, it.template));
        prop_assert_eq!(what(planned.ignored_inline), what(expected.ignored_inline));
    }

    #[test]
    fn what_is_not_trusted_never_gets_through(event in event(), rules in rules()) {
        let names: &[&str] = match rules.inline {
            Inline::Allow => return Ok(()),
            Inline::Template => &["steps"],
            Inline::Ignore => &["steps", "template"],
        };
        let Some(steps) = steps(&event, &rules) else { return Ok(()) };
        for step in &steps {
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
