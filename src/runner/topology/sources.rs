//! The sources of a run: opened, asked to stop, waited for.
//!
//! In: what is configured. Out: the records of each source, and how reading went. It does not know who takes the records.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::given::Given;
use super::saving::Saving;
use crate::clock::Clock;
use crate::config::{Source, SourceKind};
use crate::runner::check::Places;
use crate::runner::checkpoint::{Checkpoints, Follow, Start};
use crate::runner::source::{self, Opened, Progress, http_server};
use crate::runner::{InputEnd, RunError};
use crate::sink::Record;
use crate::telemetry::{Component, ErrorType, SourceErrors};

/// All sources of a run.
pub(super) struct Sources {
    places: Places,
    clock: Clock,
    chance: fastrand::Rng,
    progress: Arc<Progress>,
    stop: CancellationToken,
    ended: CancellationToken,
    /// Sources whose records have not ended
    open: Arc<AtomicUsize>,
    /// Those that are read to an end, and were not
    unread: Arc<AtomicUsize>,
    problems: Arc<AtomicUsize>,
    checkpoints: Vec<Saving>,
    serving: JoinSet<()>,
    reads_stdin: bool,
}

impl Sources {
    pub(super) fn new(
        places: Places,
        clock: Clock,
        chance: fastrand::Rng,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            places,
            clock,
            chance,
            progress,
            stop: CancellationToken::new(),
            ended: CancellationToken::new(),
            open: Arc::default(),
            unread: Arc::default(),
            problems: Arc::default(),
            checkpoints: Vec::new(),
            serving: JoinSet::new(),
            reads_stdin: false,
        }
    }

    /// Opens a source, whose records come with how far it is, and serves whoever sends to it from now on. To be called for each before any of the records are
    /// asked for. Blocks on the disk.
    pub(super) fn open(
        &mut self,
        name: &str,
        source: Source,
        follow: Follow,
    ) -> Result<(BoxStream<'static, Record>, Arc<Progress>), RunError> {
        let component = Component::source(name, kind(&source.kind));
        let progress = Arc::new(Progress::part_of(Arc::clone(&self.progress)));
        let errors = SourceErrors::new(&component);
        let opened = self.opened(name, source, follow, (Arc::clone(&progress), errors.clone()))?;
        let is_whole = opened.is_whole();
        let Opened { records, serve, .. } = opened;
        if let Some(serve) = serve {
            self.serve(name, serve, errors);
        }
        let (given, counts) = (Arc::clone(&progress), Given::new(&component));
        let records = records.inspect(move |record| {
            given.give();
            counts.count(record);
        });
        Ok((self.watched(records.boxed(), is_whole), progress))
    }

    fn serve(&mut self, name: &str, serve: BoxFuture<'static, ()>, errors: SourceErrors) {
        let (stop, problems) = (self.stop.clone(), Arc::clone(&self.problems));
        let name = name.to_owned();
        self.serving.spawn(async move {
            serve.await;
            if !stop.is_cancelled() {
                tracing::error!(source = name, "the source has stopped serving by itself");
                problems.fetch_add(1, Ordering::Relaxed);
                errors.count(ErrorType::Connection);
            }
        });
    }

    fn opened(
        &mut self,
        name: &str,
        source: Source,
        follow: Follow,
        (progress, errors): (Arc<Progress>, SourceErrors),
    ) -> Result<Opened, RunError> {
        let context = source::Context {
            name: name.into(),
            stop: self.stop.clone(),
            clock: self.clock.clone(),
            chance: self.chance.fork(),
            progress,
            problems: Arc::clone(&self.problems),
            errors,
        };
        let max_bytes = source.max_line_bytes.get();
        let kind = match source.kind {
            SourceKind::Stdin => {
                self.reads_stdin = true;
                source::Kind::Stdin
            }
            SourceKind::File(file) => {
                let start = if file.ignore_checkpoints { Start::Afresh } else { Start::Continue };
                let place = self.places.checkpoints(name);
                let checkpoints = Checkpoints::open(place, start, follow)?;
                self.checkpoints.push(Saving::new(checkpoints.clone(), context.errors.clone()));
                source::Kind::Files { source: file, checkpoints }
            }
            SourceKind::HttpServer(settings) => {
                return Ok(http_server::open(settings, follow, context)?);
            }
            SourceKind::Vector(settings) => {
                let waits = matches!(follow, Follow::Acknowledgements);
                return Ok(source::vector::open(settings, waits, context)?);
            }
        };
        Ok(source::open(kind, max_bytes, context)?)
    }

    /// The same records, whose end is noted.
    fn watched(
        &self,
        records: BoxStream<'static, Record>,
        is_whole: Option<Arc<AtomicBool>>,
    ) -> BoxStream<'static, Record> {
        let (open, unread) = (Arc::clone(&self.open), Arc::clone(&self.unread));
        let (stop, ended) = (self.stop.clone(), self.ended.clone());
        open.fetch_add(1, Ordering::Relaxed);
        unread.fetch_add(usize::from(is_whole.is_some()), Ordering::Relaxed);
        let end = stream::poll_fn(move |_| {
            // What ends after it was asked to was perhaps not read to its end.
            let is_whole = is_whole.as_ref().is_some_and(|it| it.load(Ordering::Relaxed));
            if is_whole && !stop.is_cancelled() {
                unread.fetch_sub(1, Ordering::Relaxed);
            }
            if open.fetch_sub(1, Ordering::Relaxed) == 1 {
                ended.cancel();
            }
            Poll::Ready(None)
        });
        records.chain(end).fuse().boxed()
    }

    /// To be cancelled so that all sources stop.
    pub(super) fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Cancelled once the records of all sources have ended.
    pub(super) fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// What keeps how far each source is done.
    pub(super) fn checkpoints(&self) -> Vec<Saving> {
        self.checkpoints.clone()
    }

    /// Whether one of them cannot be read again.
    pub(super) fn reads_stdin(&self) -> bool {
        self.reads_stdin
    }

    /// Waits until those who serve have answered whom they owe an answer, at most until `deadline`, and ends them.
    pub(super) async fn end(&mut self, deadline: Instant) {
        self.stop.cancel();
        let answered = async { while self.serving.join_next().await.is_some() {} };
        if timeout_at(deadline, answered).await.is_err() {
            tracing::warn!("some clients did not take their answers in time");
        }
        self.serving.shutdown().await;
    }

    /// How reading went, once the run has ended.
    pub(super) fn input(&self) -> InputEnd {
        match (self.problems.load(Ordering::Relaxed), self.unread.load(Ordering::Relaxed)) {
            (problems @ 1.., _) => InputEnd::Problems(problems),
            // Of what never ends, nothing is left unread.
            (0, 0) => InputEnd::Complete,
            (0, _) => InputEnd::Stopped,
        }
    }
}

/// The type of a source, as it is configured.
const fn kind(kind: &SourceKind) -> &'static str {
    match kind {
        SourceKind::Stdin => "stdin",
        SourceKind::File(_) => "file",
        SourceKind::HttpServer(_) => "http_server",
        SourceKind::Vector(_) => "vector",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sources() -> Sources {
        Sources::new(
            Places::within("unused".into()),
            Clock::system(),
            fastrand::Rng::with_seed(0),
            Arc::default(),
        )
    }

    fn whole() -> Arc<AtomicBool> {
        Arc::new(AtomicBool::new(true))
    }

    async fn read_all(records: BoxStream<'static, Record>) {
        let _: Vec<_> = records.collect().await;
    }

    #[tokio::test]
    async fn what_was_read_before_a_stop_is_complete_and_what_was_not_is_owed() {
        let sources = sources();
        let stop = sources.stop.clone();
        let stopped = stream::pending().take_until(stop.clone().cancelled_owned()).boxed();
        let (finite, endless) = (
            sources.watched(stream::empty().boxed(), Some(whole())),
            sources.watched(stopped, None),
        );
        read_all(finite).await;
        assert!(!sources.ended.is_cancelled());
        assert_eq!(sources.input(), InputEnd::Complete);
        let stopped = stream::pending().take_until(stop.clone().cancelled_owned()).boxed();
        let torn = sources.watched(stopped, Some(whole()));
        stop.cancel();
        read_all(torn).await;
        read_all(endless).await;
        assert!(sources.ended.is_cancelled());
        assert_eq!(sources.input(), InputEnd::Stopped);
    }

    #[tokio::test]
    async fn what_a_source_gave_up_is_owed_as_well() {
        let sources = sources();
        let left = Some(Arc::new(AtomicBool::new(false)));
        read_all(sources.watched(stream::empty().boxed(), left)).await;
        assert_eq!(sources.input(), InputEnd::Stopped);
    }

    #[tokio::test(start_paused = true)]
    async fn clients_get_their_answers_but_not_for_ever() {
        let start = Instant::now();
        let mut sources = sources();
        let stop = sources.stop.clone();
        sources.serve(
            "door",
            Box::pin(async move { stop.cancelled().await }),
            SourceErrors::default(),
        );
        sources.end(start + Duration::from_secs(5)).await;
        assert_eq!((start.elapsed(), sources.input()), (Duration::ZERO, InputEnd::Complete));
        sources.serve("door", Box::pin(std::future::pending()), SourceErrors::default());
        sources.end(start + Duration::from_secs(5)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(5));
    }

    #[tokio::test]
    async fn a_server_that_ends_by_itself_is_a_problem() {
        let mut sources = sources();
        sources.serve("door", Box::pin(std::future::ready(())), SourceErrors::default());
        while sources.serving.join_next().await.is_some() {}
        assert_eq!(sources.input(), InputEnd::Problems(1));
    }
}
