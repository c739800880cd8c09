//! Merging makes no difference to what Courier ends up with: the emulator's state after a run in which everything
//! waits and merges is the one after a run in which nothing does, under deep and under shallow merges.

use std::sync::Arc;

use courier_sink::clock::Clock;
use courier_sink::config::CourierConfig;
use courier_sink::emulator::{Merge, Settings};
use courier_sink::sink::{Context, CourierSink, LogOnly, Record};
use courier_sink::telemetry::Tally;
use futures::stream;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::contract;

use super::emulated::transport;

const USERS: [&str; 2] = ["ann", "bo"];
const TENANTS: [&str; 2] = ["t0", "t1"];

const CONFIG: &str = "
api_key = 'pk_test'
null_traits = 'delete'
request.concurrency = 10
[[automations]]
on = 'track'
template = 'thanks'
";

/// Everything that differs between two Couriers, and how many requests were saved.
#[derive(Debug, PartialEq)]
struct State {
    profiles: [Option<Value>; 2],
    tenants: [Option<Value>; 2],
    members: [Vec<(String, Value)>; 2],
    runs: [Vec<Value>; 2],
}

/// What Courier holds after `events`, at most `window` of them inside at once, and how many requests merging saved.
fn run(events: &[Value], merge: Merge, window: usize) -> (State, u64) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    let text = format!("buffer.max_events = {window}\n{CONFIG}");
    let settings = CourierConfig::from_toml("test", &text, &|_| None).unwrap().settings;
    let courier = contract::courier(Settings { merge, ..Settings::default() });
    let tally = Arc::new(Tally::default());
    let records: Vec<Record> =
        events.iter().map(|event| Record::new(event.to_string(), 0)).collect();
    runtime.block_on(async {
        let context = Context {
            dead_letters: Arc::new(LogOnly),
            tally: Arc::clone(&tally),
            seed: 1,
            clock: Clock::system(),
        };
        let sink = CourierSink::new(settings, transport(&courier), context);
        Box::pin(sink.run_on(stream::iter(records))).await;
    });
    let totals = tally.totals();
    assert_eq!(totals.delivered, u64::try_from(events.len()).unwrap(), "all are delivered");
    let runs = |user: &str| {
        let all = courier.invocations().into_iter();
        let of_user = all.filter(|run| run.recipient.as_deref() == Some(user));
        of_user.map(|run| serde_json::from_slice(&run.body).unwrap()).collect()
    };
    let state = State {
        profiles: USERS.map(|user| courier.profile(user)),
        tenants: TENANTS.map(|tenant| courier.tenant(tenant)),
        members: TENANTS.map(|tenant| courier.members(tenant)),
        runs: USERS.map(runs),
    };
    (state, totals.merged)
}

fn traits() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), Just(json!(1)), Just(json!([1])), Just(json!("s"))];
    let value = leaf.prop_recursive(2, 8, 3, |inner| {
        proptest::collection::btree_map("[xy]", inner, 0..3).prop_map(|map| json!(map))
    });
    proptest::collection::btree_map("[abc]", value, 0..4).prop_map(|map| json!(map))
}

fn event() -> impl Strategy<Value = Value> {
    let user = prop::sample::select(USERS.to_vec());
    let rest = prop_oneof![
        8 => traits().prop_map(|traits| json!({"type": "identify", "traits": traits})),
        2 => prop::sample::select(TENANTS.to_vec())
            .prop_map(|tenant| json!({"type": "group", "groupId": tenant})),
        1 => (prop::sample::select(TENANTS.to_vec()), traits())
            .prop_map(|(tenant, traits)| json!({"type": "group", "groupId": tenant, "traits": traits})),
        1 => Just(json!({"type": "track", "event": "Order Completed"})),
    ];
    (user, rest).prop_map(|(user, mut event)| {
        event["userId"] = json!(user);
        event
    })
}

fn numbered(mut events: Vec<Value>) -> Vec<Value> {
    for (number, event) in events.iter_mut().enumerate() {
        event["messageId"] = json!(format!("m{number}"));
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_courier_ends_up_with_is_the_same_without_merging(
        events in prop::collection::vec(event(), 1..24),
    ) {
        let events = numbered(events);
        for merge in [Merge::Deep, Merge::Shallow] {
            let (merged, _) = run(&events, merge, 1_000);
            let (apart, saved) = run(&events, merge, 1);
            prop_assert_eq!(saved, 0, "with one event inside there is nothing to merge");
            prop_assert_eq!(merged, apart, "{:?}", merge);
        }
    }
}

#[test]
fn the_runs_that_are_compared_do_merge() {
    let update =
        |plan: &str| json!({"type": "identify", "userId": "ann", "traits": {"plan": plan}});
    let join = || json!({"type": "group", "userId": "bo", "groupId": "t0"});
    let events = vec![update("free"), join(), update("team"), join(), update("scale"), join()];
    let events = numbered(events);
    for merge in [Merge::Deep, Merge::Shallow] {
        let (state, saved) = run(&events, merge, 1_000);
        assert_eq!(state.profiles[0], Some(json!({"plan": "scale"})));
        assert!(saved >= 4, "{merge:?} saved {saved}");
    }
}
