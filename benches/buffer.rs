//! What do acknowledgements and a buffer on disk cost an event, beside neither, at batches of 100?
//!
//! Processor time of the whole process, the kernel's and that of the threads that write included, the making of records
//! and Courier excluded; the medians of some rounds, each of which measures all three: a ratio is one of neighbours, so
//! that a machine that becomes slower or faster meanwhile changes none. Over a transport that answers at once, where
//! nothing else costs anything, and over HTTP to a local Courier in another process, as a run does it: there as fast as it
//! goes, where a process that is never idle takes many answers at once and so pays less for each, and at the same load for
//! all.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use courier_sink::clock::Clock;
use courier_sink::config::{CourierConfig, DiskBuffer, WhenFull};
use courier_sink::delivery::{Call, Failure, Outcome, Receipt};
use courier_sink::finalization::{BatchNotifier, EventFinalizer};
use courier_sink::runner::buffer::Buffer;
use courier_sink::sink::{Context, CourierSink, LogOnly, Record, SinkConfig, StreamSink};
use courier_sink::telemetry::Tally;
use futures::stream::{self, BoxStream, StreamExt};
use rustix::time::{ClockId, clock_gettime};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

#[allow(dead_code, reason = "the other benches use all of it")]
mod support;

const EVENTS: usize = 30_000;
const BATCH: usize = 100;
const USERS: usize = 1_000;
const ROUNDS: usize = 11;

/// How many batches wait for their acknowledgement at once, as of so many clients.
const CLIENTS: usize = 10;

/// How often a batch comes at a steady pace.
const EVERY: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nobody waits for an end
    Neither,
    /// Batches are acknowledged when all of their events are delivered
    Acknowledged,
    /// Batches are acknowledged when they are on disk
    Disk,
}

/// When batches come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// As soon as there is room, or an earlier one is acknowledged
    Full,
    /// One after the other in the same time, whatever becomes of them
    Steady,
}

type Sink = Box<dyn StreamSink<Record>>;

fn main() {
    // Asked to list or to test, there is nothing to do.
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let courier = Courier::start();
    println!("processor time of an event, batches of {BATCH}");
    println!(
        "| transport | neither | acknowledged | disk | acknowledged / neither | disk / neither |"
    );
    println!("|---|---|---|---|---|---|");
    let over: [(&str, &dyn Fn() -> Sink, Pace); 3] = [
        ("answers at once", &instant, Pace::Full),
        ("HTTP, as fast as it goes", &|| courier.sink(), Pace::Full),
        ("HTTP, 10 000 events a second", &|| courier.sink(), Pace::Steady),
    ];
    for (name, sink, pace) in over {
        let kinds = [Kind::Neither, Kind::Acknowledged, Kind::Disk];
        let rounds: [_; ROUNDS] = std::array::from_fn(|_| {
            kinds.map(|kind| runtime.block_on(measure(kind, pace, sink)).as_secs_f64())
        });
        let of = |figure: fn(&[f64; 3]) -> f64| median(rounds.each_ref().map(figure));
        let micros = |time: f64| time * 1e6 / f64::from(30_000);
        println!(
            "| {name} | {:.2} µs | {:.2} µs | {:.2} µs | {:.2} | {:.2} |",
            micros(of(|[neither, ..]| *neither)),
            micros(of(|[_, acknowledged, _]| *acknowledged)),
            micros(of(|[.., disk]| *disk)),
            of(|[neither, acknowledged, _]| acknowledged / neither),
            of(|[neither, _, disk]| disk / neither)
        );
    }
}

fn median(mut figures: [f64; ROUNDS]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(ROUNDS / 2).copied().unwrap_or(f64::NAN)
}

async fn measure(kind: Kind, pace: Pace, sink: &dyn Fn() -> Sink) -> Duration {
    let records: Vec<Bytes> = (0..EVENTS)
        .map(|at| match at % 10 {
            0 => support::identify(at % USERS, at),
            _ => support::track(at % USERS, at),
        })
        .collect();
    let folder = tempfile::tempdir().expect("there is room");
    let (sink, input) = (sink(), source(kind, pace, &records));
    let before = now();
    if kind == Kind::Disk {
        let max_size = (1 << 30).try_into().expect("it is not zero");
        let buffer = DiskBuffer { max_size, when_full: WhenFull::Block };
        let mut chance = fastrand::Rng::with_seed(1);
        let buffer = Buffer::open(folder.path(), buffer, Clock::system(), &mut chance);
        let buffer = buffer.expect("the folder is ours");
        let (records, running) = buffer.start(input, CancellationToken::new());
        sink.run(records).await;
        assert_eq!(running.end().await.left, 0);
    } else {
        sink.run(input).await;
    }
    now().saturating_sub(before)
}

/// The events in batches: the next comes when an earlier one is acknowledged, or when it is time.
fn source(kind: Kind, pace: Pace, records: &[Bytes]) -> BoxStream<'static, Record> {
    let batches: Vec<_> = records.chunks(BATCH).map(<[Bytes]>::to_vec).collect();
    let record = |bytes: Bytes| Record::new(bytes, 0);
    let ticks = stream::unfold(interval(EVERY), move |mut ticks| async move {
        if pace == Pace::Steady {
            ticks.tick().await;
        }
        Some(((), ticks))
    });
    let batches = stream::iter(batches).zip(ticks).map(|(batch, ())| batch);
    if kind == Kind::Neither {
        let record = move |bytes| record(bytes).with_finalizer(EventFinalizer::none());
        return batches.flat_map(stream::iter).map(record).boxed();
    }
    let (sender, receiver) = futures::channel::mpsc::channel(BATCH);
    let send = batches.for_each_concurrent(CLIENTS, move |batch| {
        let mut sender = sender.clone();
        async move {
            let (notifier, acknowledged) = BatchNotifier::new_with_receiver();
            for bytes in batch {
                let record = record(bytes).with_finalizer(notifier.finalizer());
                futures::SinkExt::send(&mut sender, record).await.expect("the sink takes it");
            }
            drop(notifier);
            acknowledged.await;
        }
    });
    tokio::spawn(send);
    receiver.boxed()
}

fn config(endpoint: &str) -> CourierConfig {
    let block = format!(
        "api_key = 'k'\nmode = 'inbound'\nendpoint = '{endpoint}'\nbatch.timeout_secs = 0.001\n\
         request.concurrency = 50\nproxy.enabled = false"
    );
    CourierConfig::from_toml("bench", &block, &|_| None).expect("the block is right")
}

fn context() -> Context {
    let (dead_letters, tally) = (Arc::new(LogOnly), Arc::new(Tally::default()));
    Context { dead_letters, tally, seed: 1, clock: Clock::system() }
}

fn instant() -> Sink {
    let transport = tower::service_fn(|_call: Call| {
        let receipt = Receipt { status: 202, outcome: Outcome::Accepted, body: Bytes::new() };
        std::future::ready(Ok::<_, Failure>(receipt))
    });
    Box::new(CourierSink::new(config("http://127.0.0.1:1").settings, transport, context()))
}

/// A local Courier in a process of its own.
struct Courier {
    child: Child,
    url: String,
}

impl Courier {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_courier-sink"));
        let command = command.args(["emulate", "--address", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary was built");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        let at = line.find("http://").expect("it ends in a URL");
        Self { child, url: line.split_at(at).1.trim().to_owned() }
    }

    fn sink(&self) -> Sink {
        let config = config(&self.url);
        let settings = config.settings.clone();
        Box::new(config.build(settings, context()).expect("it can be built").0)
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn now() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(now).expect("a process's time is not negative")
}
