//! One seed, played: events go into a sink over the model of Courier, and everything that happens is noted.

use std::ops::Range;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use courier_sink::clock::Clock;
use courier_sink::event::Origin;
use courier_sink::finalization::{EventFinalizer, EventStatus};
use courier_sink::sink::{
    Context, CourierSink, DeadLetter, DeadLetterError, DeadLetters, KeepFuture, Record,
};
use courier_sink::telemetry::Tally;
use fastrand::Rng;
use futures::{StreamExt, stream};
use tokio::time::Instant;

use crate::courier::Courier;
use crate::events::{self, Event};
use crate::log::{Entry, Log, What};
use crate::options::Options;
use crate::records;
use crate::service;
use crate::weather::Weather;
use crate::witness::Witness;

/// Nothing takes as long as this: whatever is inside then is stuck.
const LIMIT: Duration = Duration::from_secs(1_000_000);

/// What time it is when a run begins.
pub(crate) const BEGIN: Duration = Duration::from_secs(1_000_000);

/// A run that is over.
#[derive(Clone)]
pub(crate) struct Played {
    pub(crate) options: Options,
    pub(crate) weather: Weather,
    pub(crate) events: Vec<Event>,
    /// The numbers of the events in each record
    pub(crate) records: Vec<Range<usize>>,
    pub(crate) face: Face,
    pub(crate) end: End,
    pub(crate) entries: Vec<Entry>,
}

impl Played {
    /// The events that share a record with `event`, itself included.
    pub(crate) fn record(&self, event: usize) -> Range<usize> {
        let record = self.records.iter().find(|record| record.contains(&event));
        record.expect("every event is in a record").clone()
    }
}

/// How the sink is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Stream,
    Service,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All events go in, and out.
    Complete,
    /// The input ends early, and the rest is done.
    Drained(Duration),
    /// The input ends early, and what is not done so much later is dropped.
    Shutdown(Duration, Duration),
    /// The sink is dropped.
    Dropped(Duration),
}

impl End {
    fn draw(chance: &mut Rng) -> Self {
        let mut time = || Duration::from_millis(chance.u64(..30_000));
        let (first, second) = (time(), time());
        match chance.u8(..8) {
            0..5 => Self::Complete,
            5 => Self::Drained(first),
            6 => Self::Shutdown(first, second),
            _ => Self::Dropped(first),
        }
    }

    /// When the input ends, if not by itself.
    fn closes_at(self) -> Duration {
        match self {
            Self::Drained(at) | Self::Shutdown(at, _) => at,
            Self::Complete | Self::Dropped(_) => LIMIT,
        }
    }

    fn dropped_at(self) -> Duration {
        match self {
            Self::Shutdown(at, grace) => at + grace,
            Self::Dropped(at) => at,
            Self::Complete | Self::Drained(_) => LIMIT,
        }
    }
}

/// Plays the schedule of `seed`.
pub(crate) fn play(seed: u64) -> Played {
    let mut chance = Rng::with_seed(seed);
    let options = Options::draw(&mut chance);
    let options = options.with_expiry(&mut Rng::with_seed(!seed));
    let options = options.with_strategy(&mut Rng::with_seed(seed.rotate_right(1)));
    let events = events::draw(&mut chance, &options.settings());
    let drawn = records::draw(&mut chance, &events, &options);
    let weather = Weather::draw(&mut chance, events.len());
    let face = if chance.u8(..3) == 0 { Face::Service } else { Face::Stream };
    let end = End::draw(&mut chance);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    let runtime = runtime.expect("a thread and a clock are all it needs");
    let entries = runtime.block_on(async {
        let log = Log::new();
        let _witness = tracing::subscriber::set_default(Witness(log.clone()));
        let courier = Courier::new(weather.clone(), chance.fork(), log.clone());
        let records = drawn.iter().map(|it| (it.0.clone(), record(&log, it))).collect();
        let stage = Stage { log: log.clone(), courier: &courier, options: &options, end };
        match face {
            Face::Stream => Box::pin(stage.stream(&mut chance, records)).await,
            Face::Service => Box::pin(stage.service(&mut chance, records)).await,
        }
        courier.settle();
        log.into_entries()
    });
    let records = drawn.into_iter().map(|(events, _)| events).collect();
    Played { options, weather, events, records, face, end, entries }
}

fn record(log: &Log, (events, text): &records::Drawn) -> Record {
    let (log, events) = (log.clone(), events.clone());
    let first = events.start;
    let chance = u128::try_from(first).expect("a number of an event is small");
    let finalizer = EventFinalizer::new(move |status: EventStatus| {
        for event in events.clone() {
            log.push(What::Ended(event, status));
        }
    });
    let record = Record::new(text.clone(), chance).with_finalizer(finalizer);
    let line = u64::try_from(first).ok();
    let origin = Origin { line, ..record.origin.clone() };
    record.with_origin(origin)
}

struct Stage<'a> {
    log: Log,
    courier: &'a Courier,
    options: &'a Options,
    end: End,
}

impl Stage<'_> {
    async fn stream(self, chance: &mut Rng, records: Vec<(Range<usize>, Record)>) {
        let context = self.context(chance);
        // Of a record of several, only the sink knows when it takes each.
        let has_several = records.iter().any(|(events, _)| events.len() > 1);
        self.log.count(&context.tally, has_several);
        let sink = CourierSink::new(self.options.settings(), self.courier.transport(), context);
        let mut held = sink.held();
        let log = self.log.clone();
        let told = self.log.clone();
        let watch = async move {
            while held.changed().await.is_ok() {
                let is_held = held.borrow_and_update().is_some();
                told.push(What::Held(is_held));
            }
        };
        let gaps = gaps(chance, records.len());
        let input = stream::iter(records.into_iter().zip(gaps));
        let input = input.then(move |((events, record), gap)| {
            let log = log.clone();
            async move {
                if !gap.is_zero() {
                    tokio::time::sleep(gap).await;
                }
                if !has_several {
                    log.push(What::Taken(events.start));
                }
                record
            }
        });
        let input = input.take_until(tokio::time::sleep(self.end.closes_at()));
        let run = self.run(sink.run_on(input));
        Box::pin(futures::future::join(run, watch)).await;
    }

    async fn service(self, chance: &mut Rng, records: Vec<(Range<usize>, Record)>) {
        let settings = self.options.settings();
        let context = self.context(chance);
        self.log.count(&context.tally, true);
        let (handle, worker) = CourierSink::pair(settings, self.courier.transport(), context);
        let gaps = gaps(chance, records.len());
        let closes = tokio::time::sleep(self.end.closes_at());
        let feed = service::feed(handle, records, gaps, chance.fork(), self.log.clone(), closes);
        Box::pin(futures::future::join(self.run(worker.run()), feed)).await;
    }

    /// Runs the sink until it is done or dropped.
    async fn run(&self, sink: impl Future<Output = ()>) {
        let mut sink = pin!(sink);
        let done = tokio::time::timeout(self.end.dropped_at(), &mut sink).await.is_ok();
        // Noted before the drop, so that what the drop says stands behind it.
        self.log.push(if done { What::Finished } else { What::Dropped });
    }

    fn context(&self, chance: &mut Rng) -> Context {
        let odds = if chance.u8(..6) == 0 { 3 } else { 0 };
        let letters = Letters {
            log: self.log.clone(),
            chance: Mutex::new(chance.fork()),
            odds_of_loss: odds,
        };
        Context {
            dead_letters: Arc::new(letters),
            tally: Arc::new(Tally::default()),
            seed: chance.u64(..),
            clock: clock(),
        }
    }
}

/// It is 1 000 000 s after 1970 when a run begins.
fn clock() -> Clock {
    let start = Instant::now();
    Clock::from_fn(move || BEGIN + start.elapsed())
}

/// How long each event keeps the next one waiting.
fn gaps(chance: &mut Rng, count: usize) -> Vec<Duration> {
    let longest = [1, 50, 2_000][chance.usize(..3)];
    let mut gap = || if chance.bool() { 0 } else { chance.u64(..longest) };
    (0..count).map(|_| Duration::from_millis(gap())).collect()
}

/// Keeps letters after a while, if it can.
struct Letters {
    log: Log,
    chance: Mutex<Rng>,
    /// In tenths
    odds_of_loss: u8,
}

impl DeadLetters for Letters {
    fn keep(&self, letter: DeadLetter) -> KeepFuture {
        let mut chance = self.chance.lock().unwrap();
        let time = Duration::from_millis(chance.u64(..50));
        let is_lost = chance.u8(..10) < self.odds_of_loss;
        let log = self.log.clone();
        let event = events::of_letter(&letter);
        log.push(What::Refused(event));
        Box::pin(async move {
            tokio::time::sleep(time).await;
            if is_lost {
                log.push(What::LetterLost(event));
                return Err(DeadLetterError("no space left".to_owned()));
            }
            log.push(What::Letter(event, letter.reason.as_str()));
            Ok(())
        })
    }
}
