//! A link, and the same link as TOML in a sink: what they start is the same.

use std::sync::Arc;
use std::time::Duration;

use courier_sink::clock::Clock;
use courier_sink::config::CourierConfig;
use courier_sink::emulator::{Courier, Emulator, InboundKind, Link, Run, Settings};
use courier_sink::sink::{Context, LogOnly, Record, SinkConfig};
use courier_sink::telemetry::Tally;
use futures::stream;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::contract;
use crate::page::shown;
use crate::support::call;

const EVENTS: [&str; 3] = ["track/Order Completed", "identify", "group"];

fn order(id: &str, who: &str, properties: &Value) -> Value {
    json!({"type": "track", "event": "Order Completed", "messageId": id, who: "u", "channel": null,
        "properties": properties})
}

fn events() -> Vec<Value> {
    let set_apart = json!({"automation": {"data": {"order_id": "d2"}}});
    vec![
        order("o1", "userId", &json!({"order_id": "o1", "none": null})),
        order("o2", "userId", &json!({"order_id": "o2", "courier": set_apart})),
        order("o3", "anonymousId", &json!({"order_id": "o3"})),
        json!({"type": "identify", "messageId": "i1", "userId": "u", "traits": {"plan": "p"}}),
        json!({"type": "identify", "messageId": "i2", "userId": 7,
            "context": {"traits": {"plan": "q"}}}),
        json!({"type": "group", "messageId": "g1", "userId": "u", "groupId": "g"}),
        json!({"type": "group", "messageId": "g2", "anonymousId": "a", "groupId": "g"}),
    ]
}

/// A Courier with an automation that refers to what events hold in several places.
fn workspace(courier: &Courier) {
    let told = json!({"action": "send", "template": "t", "data": {
        "all": "refs.data", "order": {"$ref": "data.properties.order_id"}, "id": "${data.order_id}",
        "plan": "refs.data.traits.plan", "to": "refs.recipient"}});
    courier.put_automation("tell", json!({"steps": [told]})).expect("its steps are right");
}

/// By message ids, so that the order of users does not matter: for whom each run is, and what its step had.
fn told(runs: &[Run]) -> Vec<(Option<String>, Value, Vec<String>)> {
    let mut told: Vec<_> = runs
        .iter()
        .flat_map(|run| run.steps.iter().map(move |step| (run, step)))
        .map(|(run, step)| (run.recipient.clone(), step.resolved.clone(), step.unresolved.clone()))
        .collect();
    told.sort_by_key(|(_, resolved, _)| resolved.to_string());
    told
}

#[tokio::test]
async fn a_sink_with_the_exported_mapping_starts_what_the_links_start() {
    let linked = contract::courier(Settings::default());
    workspace(&linked);
    for on in EVENTS {
        let (source, on) = (InboundKind::RudderStack, on.to_owned());
        linked.link(Link { source, on, template: "tell".to_owned() }).expect("there is room");
    }
    let toml = shown(&linked, "/mapping.toml").await;
    for mut event in events() {
        // As a sink in inbound mode, or RudderStack, sends it.
        let event = event.as_object_mut().expect("it is an object");
        event.retain(|_, value| !value.is_null());
        if event["type"] == "identify" && !event.contains_key("traits") {
            event.insert("traits".to_owned(), event["context"]["traits"].clone());
        }
        let event = Value::Object(event.clone());
        assert_eq!(call(&linked, "POST /inbound/rudderstack", event).await.0, 202);
    }

    let emulator = Emulator::bind(Settings::default()).await.expect("loopback has a free port");
    let (address, direct) = (emulator.local_addr(), emulator.courier());
    let _watched = contract::watch(&direct);
    workspace(&direct);
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(emulator.serve(async { stopped.await.unwrap_or_default() }));
    let blocks = toml.replace("[[sinks.courier.automations]]", "[[automations]]");
    let block = format!(
        "api_key = 'k'\nendpoint = 'http://{address}'\nproxy.enabled = false\n\
         batch.timeout_secs = 0.01\n{blocks}"
    );
    let config = CourierConfig::from_toml("courier", &block, &|_| None).expect("it is ours");
    let context = Context {
        dead_letters: Arc::new(LogOnly),
        tally: Arc::new(Tally::default()),
        seed: 1,
        clock: Clock::from_fn(|| Duration::from_secs(1_700_000_000)),
    };
    let settings = config.settings.clone();
    let (sink, _) = config.build(settings, context).expect("there is nothing to read");
    let records = events().into_iter().zip(1..);
    let records = records.map(|(event, chance)| Record::new(event.to_string(), chance));
    sink.run_on(stream::iter(records)).await;
    stop.send(()).expect("the server waits for it");
    served.await.expect("the server does not panic").expect("the server ends well");

    let (by_links, by_mapping) = (told(&linked.runs()), told(&direct.runs()));
    assert_eq!(by_links.len(), events().len());
    assert_eq!(by_links, by_mapping, "{toml}");
    assert!(direct.inbound().is_empty(), "nothing is started twice");
}
