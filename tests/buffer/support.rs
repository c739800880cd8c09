//! A buffer in a folder of its own, records to put in, and a sink that ends them as it is told.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use courier_sink::clock::Clock;
use courier_sink::config::{DiskBuffer, WhenFull};
use courier_sink::finalization::{EventFinalizer, EventStatus};
use courier_sink::runner::buffer::{self, BufferError, Filled, Report, Running, list};
use courier_sink::sink::{Payload, Record};
use futures::channel::mpsc::{Sender, channel};
use futures::stream::BoxStream;
use futures::{SinkExt, StreamExt};
use metrics::{Histogram, HistogramFn};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// How the records of a test ended for their source.
pub(crate) type Ends = Arc<Mutex<Vec<(u64, EventStatus)>>>;

/// Seconds that records took until they were on disk.
#[derive(Debug, Default)]
pub(crate) struct Samples(pub(crate) Mutex<Vec<f64>>);

impl HistogramFn for Samples {
    fn record(&self, seconds: f64) {
        self.0.lock().expect("nobody panics with it").push(seconds);
    }
}

pub(crate) struct Buffer {
    pub(crate) folder: TempDir,
    pub(crate) settings: DiskBuffer,
    /// Seconds
    now: Arc<AtomicU64>,
}

/// A buffer that runs.
pub(crate) struct Run {
    pub(crate) input: Option<Sender<Record>>,
    pub(crate) records: BoxStream<'static, Record>,
    pub(crate) stop: CancellationToken,
    pub(crate) ends: Ends,
    pub(crate) sends: Arc<Samples>,
    running: Running,
}

impl Buffer {
    pub(crate) fn new() -> Self {
        let max_size = (1 << 24).try_into().expect("it is not zero");
        Self {
            folder: tempfile::tempdir().expect("there is room"),
            settings: DiskBuffer { max_size, when_full: WhenFull::Block },
            now: Arc::new(AtomicU64::new(951_827_415)),
        }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("buffer.redb")
    }

    pub(crate) fn try_run(&self) -> Result<Run, BufferError> {
        let (input, taken) = channel(4000);
        let stop = CancellationToken::new();
        let now = Arc::clone(&self.now);
        let clock = Clock::from_fn(move || Duration::from_secs(now.load(Ordering::Relaxed)));
        let mut chance = fastrand::Rng::with_seed(7);
        let opened = buffer::Buffer::open(self.folder.path(), self.settings, clock, &mut chance)?;
        let sends = Arc::<Samples>::default();
        let opened = opened.timed(Histogram::from_arc(Arc::clone(&sends)));
        let (records, running) = opened.start(taken.boxed(), stop.clone());
        Ok(Run { input: Some(input), records, stop, ends: Ends::default(), sends, running })
    }

    pub(crate) fn run(&self) -> Run {
        self.try_run().expect("the buffer can be opened")
    }

    /// Stores records with these numbers, and leaves them there.
    pub(crate) async fn store(&self, numbers: impl IntoIterator<Item = u64>) {
        let mut run = self.run();
        for number in numbers {
            run.send(number).await;
        }
        let ends = run.leave().await;
        assert!(ends.iter().all(|(_, status)| *status == EventStatus::Delivered));
    }

    /// Everything that is in it, in the order it is fed.
    pub(crate) async fn drain(&self) -> (Vec<u64>, Report) {
        let mut run = self.run();
        run.input = None;
        let mut numbers = Vec::new();
        while let Some(record) = run.records.next().await {
            numbers.push(number(&record));
            record.finalizer.finalize(EventStatus::Delivered);
        }
        (numbers, run.end().await)
    }

    /// Lets the time go on.
    pub(crate) fn pass(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn left(&self) -> u64 {
        list(&self.file()).expect("it can be read").left
    }

    /// The files beside the buffer's own.
    pub(crate) fn set_aside(&self) -> usize {
        names(self.folder.path()).iter().filter(|name| name.contains("corrupt")).count()
    }
}

impl Run {
    pub(crate) fn filled(&self) -> Filled {
        self.running.level().show()
    }

    pub(crate) async fn send(&mut self, number: u64) {
        let record = Record::new(payload(number, 300), number.into());
        self.send_record(number, record).await;
    }

    pub(crate) async fn send_record(&mut self, number: u64, record: Record) {
        let ends = Arc::clone(&self.ends);
        let finalizer = EventFinalizer::new(move |status: EventStatus| {
            ends.lock().expect("nobody panics with it").push((number, status));
        });
        let input = self.input.as_mut().expect("the input is open");
        input.send(record.with_finalizer(finalizer)).await.expect("the buffer takes it");
    }

    pub(crate) async fn next(&mut self) -> Record {
        self.records.next().await.expect("there is a record")
    }

    /// The next `count` records.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<Record> {
        let mut records = Vec::new();
        while records.len() < count {
            records.push(self.next().await);
        }
        records
    }

    /// Ends the input and the feed; gives the sources' ends once all is written.
    pub(crate) async fn leave(mut self) -> Vec<(u64, EventStatus)> {
        self.input = None;
        self.stop.cancel();
        let ends = Arc::clone(&self.ends);
        // The end of the input, before the run is over: all that was sent is taken in.
        self.running.taken_in().await;
        self.end().await;
        let ends = ends.lock().expect("nobody panics with it");
        ends.clone()
    }

    /// Ends the input while nobody takes anything out any more; gives the sources' ends.
    pub(crate) async fn stop_without_sink(mut self) -> Vec<(u64, EventStatus)> {
        self.input = None;
        drop(self.records);
        self.running.taken_in().await;
        self.running.end().await;
        let ends = self.ends.lock().expect("nobody panics with it");
        ends.clone()
    }

    pub(crate) async fn end(self) -> Report {
        drop(self.records);
        self.running.end().await
    }
}

pub(crate) fn payload(number: u64, bytes: usize) -> String {
    format!("{{\"number\":{number},\"filler\":\"{}\"}}", "x".repeat(bytes))
}

pub(crate) fn number(record: &Record) -> u64 {
    let Payload::Bytes(bytes) = &record.payload else { panic!("it is readable") };
    let text = std::str::from_utf8(bytes).expect("it is text");
    let digits = text.trim_start_matches("{\"number\":").split(',').next();
    digits.expect("it has a number").parse().expect("it is a number")
}

pub(crate) fn numbers(records: &[Record]) -> Vec<u64> {
    records.iter().map(number).collect()
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder is ours");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("it can be listed").file_name().into_string().expect("names are text")
    };
    entries.map(name).collect()
}
