//! What is measured rather than counted: histograms and gauges hold exactly what happened.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use courier_sink::delivery::{Concurrency, Failure, FailureKind};
use courier_sink::sink::{Context, CourierSink, Settings, Transport};
use courier_sink::telemetry::{Component, Tally};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::events::{identify, track};
use crate::support::{Letters, Told, channel, context, failed, ok, server, settings};

/// Values by name and own labels: a gauge's one, and all that a histogram was told.
fn measured(snapshotter: &Snapshotter) -> BTreeMap<String, Vec<f64>> {
    let values = snapshotter.snapshot().into_vec().into_iter().filter_map(|(key, _, _, value)| {
        let key = key.key();
        let labels = key.labels().filter(|label| !label.key().starts_with("component_"));
        let name: Vec<_> =
            std::iter::once(key.name()).chain(labels.map(metrics::Label::value)).collect();
        let values = match value {
            DebugValue::Counter(_) => return None,
            DebugValue::Gauge(value) => vec![value.0],
            DebugValue::Histogram(values) => values.into_iter().map(|value| value.0).collect(),
        };
        Some((name.join(" "), values))
    });
    values.collect()
}

/// What is measured of a sink over `events`, `after` so long.
async fn after<S: Transport>(
    after: Duration,
    settings: Settings,
    server: S,
    events: Vec<String>,
) -> BTreeMap<String, Vec<f64>> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let tally = Arc::new(Tally::new(Component::sink("main", "https://api.courier.com")));
    let letters = Letters::default();
    let sink = CourierSink::new(settings, server, Context { tally, ..context(&letters) });
    let (inspector, (sender, records)) = (sink.inspector(), channel());
    for record in Told::default().records(events) {
        sender.try_send(record).unwrap();
    }
    tokio::select! {
        () = sink.run_on(records) => panic!("its input has not ended"),
        () = async {
            tokio::time::sleep(after).await;
            inspector.look().await.unwrap();
        } => measured(&snapshotter),
    }
}

#[track_caller]
fn expect(measured: &BTreeMap<String, Vec<f64>>, expected: &[(&str, &[f64])]) {
    for (name, values) in expected {
        assert_eq!(
            measured.get(*name).map(Vec::as_slice),
            Some(*values),
            "{name} of {measured:#?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_and_waits_are_measured_to_the_second_each_with_its_own_round_trip() {
    let mut adaptive = settings();
    adaptive.delivery.concurrency = Concurrency::default();
    let asked = std::sync::atomic::AtomicU64::new(0);
    // The first is refused after a second, and what comes then is taken after two, three, …
    let (server, _) = server(move |_| {
        let asked = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let answer = if asked == 0 { failed(FailureKind::Unavailable, 503) } else { ok() };
        (Duration::from_secs(asked + 1), answer)
    });
    let events = vec![identify("ann"), track("ann", "x")];
    let measured = after(Duration::from_secs(60), adaptive, server, events).await;
    expect(
        &measured,
        &[
            // An attempt of a second, a second's wait, one of two; and behind it one of three.
            ("courier_sink_event_delivery_seconds", &[4.0, 7.0]),
            ("courier_sink_delivery_attempts", &[2.0, 1.0]),
            ("http_client_rtt_seconds", &[1.0, 2.0, 3.0]),
            ("http_client_response_rtt_seconds", &[1.0, 2.0, 3.0]),
            ("http_client_error_rtt_seconds", &[]),
            ("adaptive_concurrency_observed_rtt", &[2.0, 3.0]),
            ("adaptive_concurrency_in_flight", &[0.0, 0.0, 0.0]),
            ("adaptive_concurrency_back_pressure", &[1.0, 0.0, 0.0]),
            ("adaptive_concurrency_averaged_rtt", &[2.0, 2.5]),
            ("adaptive_concurrency_past_rtt_mean", &[]),
            ("adaptive_concurrency_reached_limit", &[1.0, 1.0, 1.0]),
            ("adaptive_concurrency_limit", &[1.0, 1.0, 1.0]),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_usual_for_the_server_is_measured_once_it_is_known() {
    let mut adaptive = settings();
    adaptive.delivery.concurrency = Concurrency::default();
    let (server, _) = server(|_| (Duration::from_secs(1), ok()));
    let events = (0..60).map(|at| identify(&format!("user-{at}"))).collect();
    let measured = after(Duration::from_secs(120), adaptive, server, events).await;
    let usual = measured.get("adaptive_concurrency_past_rtt_mean").expect("it is measured");
    assert!((1..60).contains(&usual.len()), "{usual:?}");
    assert!(usual.iter().all(|seconds| (seconds - 1.0).abs() < 1e-9), "{usual:?}");
}

#[tokio::test(start_paused = true)]
async fn gauges_show_a_hold_and_who_waits_while_it_lasts() {
    let (denying, _) = server(|_| (Duration::ZERO, failed(FailureKind::Unauthorized, 401)));
    let events = vec![identify("ann"), track("ann", "x"), identify("ben")];
    let measured = after(Duration::from_secs(3), settings(), denying, events.clone()).await;
    expect(
        &measured,
        &[
            ("courier_sink_held unauthorized", &[1.0]),
            ("courier_sink_held forbidden", &[0.0]),
            ("courier_sink_constraint hold", &[1.0]),
            ("courier_sink_constraint source", &[0.0]),
            ("courier_sink_lanes", &[2.0]),
            ("courier_sink_lanes_waiting", &[1.0]),
            ("courier_sink_oldest_event_age_seconds", &[3.0]),
            ("buffer_size_events main memory 1", &[3.0]),
        ],
    );
    let silence = || Err(Failure::without_answer(FailureKind::Network, "cut"));
    let (silent, _) = server(move |_| (Duration::ZERO, silence()));
    let measured = after(Duration::from_secs(30), settings(), silent, events).await;
    expect(
        &measured,
        &[("courier_sink_held unauthorized", &[0.0]), ("courier_sink_healthy", &[0.0])],
    );
}
