//! How many events a second does the whole sink pass on with one core, over a transport that answers at once, in each
//! mode? Time is what the processor spent in the sink, so that other work on the machine is not measured; the making of
//! records is not part of it.

use std::sync::Arc;

use bytes::Bytes;
use courier_sink::clock::Clock;
use courier_sink::delivery::{self, Call, Failure, Outcome, Receipt};
use courier_sink::ingest;
use courier_sink::plan::Rules;
use courier_sink::sink::{
    Buffer, Context, CourierSink, Expiration, LogOnly, Order, Record, Settings,
};
use courier_sink::telemetry::Tally;
use courier_sink::{batch, event, finalization};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

mod support;

use support::cpu_time::CpuTime;

/// The library leaves the choice to whoever embeds it; docs/performance.md has the figures with glibc's as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENTS: usize = 10_000;
const USERS: usize = 1_000;

fn records() -> Vec<Record> {
    let event = |at: usize| match at % 10 {
        0 => support::identify(at % USERS, at),
        _ => support::track(at % USERS, at),
    };
    (0..EVENTS).map(event).map(record).collect()
}

fn record(bytes: Bytes) -> Record {
    Record::new(bytes, 0)
        .with_origin(event::Origin {
            name: "bench".into(),
            line: None,
            seed: event::Seed::Random(0),
            trust: event::Trust::Trusted,
        })
        .with_finalizer(finalization::EventFinalizer::none())
}

fn settings(rules: Rules) -> Settings {
    Settings {
        ingest: ingest::Limits::default(),
        rules,
        batch: batch::Limits::default(),
        order: Order::default(),
        buffer: Buffer::default(),
        delivery: delivery::Settings::default(),
        expiration: Expiration::default(),
    }
}

async fn run(rules: Rules, records: Vec<Record>) {
    let instant = tower::service_fn(|_call: Call| {
        let body = Bytes::new();
        let receipt = Receipt { status: 202, outcome: Outcome::Accepted, body };
        std::future::ready(Ok::<_, Failure>(receipt))
    });
    let (dead_letters, tally) = (Arc::new(LogOnly), Arc::new(Tally::default()));
    let context =
        Context { dead_letters, tally: Arc::clone(&tally), seed: 1, clock: Clock::system() };
    CourierSink::new(settings(rules), instant, context)
        .run_on(futures::stream::iter(records))
        .await;
    assert_eq!(tally.totals().delivered, u64::try_from(EVENTS).expect("a small number"));
}

fn bench(criterion: &mut Criterion<CpuTime>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime can be built");
    let mut group = criterion.benchmark_group("sink");
    group.sample_size(20);
    group.throughput(Throughput::Elements(u64::try_from(EVENTS).expect("a small number")));
    for (name, rules) in support::modes() {
        group.bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter_batched(
                records,
                |records| run(rules.clone(), records),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = bench
}
criterion_main!(benches);
