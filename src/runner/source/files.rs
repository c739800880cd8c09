//! Reads the files of one source, one after the other, each from its checkpoint to its end; and again from the
//! checkpoints, as often as that is asked for.

mod back;

use std::sync::Arc;

use tokio::sync::mpsc;

use super::again::Tick;
use super::feed::{Feed, Input, Stopped};
use super::framing::{Place, Trail};
use super::open::{self, Content};
use super::stat::Stat;
use super::{Progress, SourceError, paths};
use crate::clock::Clock;
use crate::config::{FileOrder, FileSource};
use crate::runner::checkpoint::{Checkpoints, Claim, Found};

/// Reads files.
#[derive(Debug)]
pub(super) struct Files {
    settings: Settings,
    ticks: mpsc::Receiver<Tick>,
}

/// What is read, and how.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) source: FileSource,
    pub(super) clock: Clock,
    pub(super) max_bytes: usize,
    pub(super) checkpoints: Checkpoints,
    pub(super) progress: Arc<Progress>,
}

/// A file to be read.
#[derive(Debug)]
struct Read {
    found: Found,
    claim: Claim,
    /// What was read of it counts as so many bytes, in which so many records were found
    bytes: u64,
    records: u64,
    is_begun: bool,
}

/// Content, where it starts, and what comes before.
type Opened = (Content, (Place, Option<Trail>));

impl Files {
    pub(super) fn new(settings: Settings, ticks: mpsc::Receiver<Tick>) -> Self {
        Self { settings, ticks }
    }

    /// Reads all files into `feed`, and again whenever it is told to. Blocks; ends when nobody takes records any more.
    pub(super) fn run(mut self, feed: &Feed) {
        // Nobody listens any more: that is a reason to end, and not an error.
        let _: Result<(), Stopped> = self.try_run(feed);
    }

    fn try_run(&mut self, feed: &Feed) -> Result<(), Stopped> {
        let mut files = self.find(feed)?;
        loop {
            match self.read(&mut files, feed) {
                Ok(()) => {
                    feed.end()?;
                    self.ticks.blocking_recv().ok_or(Stopped::Gone)?;
                }
                Err(Stopped::Recalled) => {}
                Err(Stopped::Gone) => return Err(Stopped::Gone),
            }
            let problems = self.settings.go_back(&mut files);
            feed.again()?;
            problems.into_iter().try_for_each(|problem| feed.problem(problem))?;
        }
    }

    /// The files that are there, in the order they are to be read in.
    fn find(&self, feed: &Feed) -> Result<Vec<Read>, Stopped> {
        let Settings { source, checkpoints, .. } = &self.settings;
        let (paths, problems) = paths::find(&source.include, &source.exclude);
        let mut is_whole = problems.is_empty();
        for problem in problems {
            // An archive may well hold one kind of file only; a file that was named by its name should be there.
            if problem.is_idle_glob() && !paths.is_empty() {
                tracing::warn!(parent: None, "{problem}");
            } else {
                feed.problem(problem)?;
            }
        }
        let (mut files, mut stats) = (Vec::new(), Vec::new());
        for path in paths {
            match open::head(&path).and_then(|head| Ok((head, Stat::of(&path)?))) {
                Ok((head, _)) if head.is_empty() => {
                    tracing::debug!(path = %path.display(), "file is empty");
                }
                Ok((head, stat)) => {
                    files.push(Found { path, head });
                    stats.push(stat);
                }
                Err(error) => {
                    is_whole = false;
                    feed.problem(SourceError::Open { path, error })?;
                }
            }
        }
        let claims = checkpoints.claim(&files, &open::tail);
        if is_whole {
            // With a folder that is away for a while, its checkpoints must not go.
            checkpoints.forget_the_gone();
        }
        let mut files: Vec<_> = stats.into_iter().zip(files).zip(claims).collect();
        let (limit, now) = (source.ignore_older, self.settings.clock.now());
        // Claimed all the same, so that their checkpoints stay theirs.
        files.retain(|((stat, _), _)| !stat.is_older_than(limit, now));
        match source.order {
            FileOrder::Oldest => files.sort_by(|((one, a), _), ((other, b), _)| {
                Stat::by_age((one, &a.path), (other, &b.path))
            }),
            FileOrder::Path => {}
        }
        for ((stat, _), _) in &files {
            self.settings.progress.expect(stat.length);
        }
        let file =
            |((_, found), claim)| Read { found, claim, bytes: 0, records: 0, is_begun: false };
        Ok(files.into_iter().map(file).collect())
    }

    fn read(&mut self, files: &mut [Read], feed: &Feed) -> Result<(), Stopped> {
        let Self { settings, ticks } = self;
        let so_far = || (settings.progress.read(), settings.progress.found());
        for file in files {
            let (bytes, records) = so_far();
            let Found { path, .. } = &file.found;
            let outcome = match settings.open(file) {
                // It is let go when something is read again, as nothing of it can be.
                Ok(None) => feed.problem(settings.lose(file)),
                Ok(Some((content, start))) => {
                    let kept = Some(file.claim.kept);
                    let input = Arc::new(Input { name: path.to_string_lossy().into(), kept });
                    file.is_begun = true;
                    feed.read(&input, content, start, settings.max_bytes, || {
                        ticks.try_recv().is_ok()
                    })
                }
                Err(error) => feed.problem(SourceError::Open { path: path.clone(), error }),
            };
            let now = so_far();
            (file.bytes, file.records) =
                (now.0.saturating_sub(bytes), now.1.saturating_sub(records));
            outcome?;
        }
        Ok(())
    }
}

impl Settings {
    /// The content that is to be read, and where it starts; nothing where what is to be read again is not there any more.
    fn open(&self, file: &Read) -> std::io::Result<Option<Opened>> {
        let Read { found: Found { path, head }, claim, is_begun, .. } = file;
        let from = claim.start;
        let tail = open::tail(path, from.offset)?;
        if let (Some(tail), Some(content)) = (tail, open::open(path, from.offset, &self.progress)?)
        {
            if !is_begun {
                // About as many: most records are a line.
                self.progress.pass(from.line.saturating_sub(Place::START.line));
            }
            return Ok(Some((content, (from, Some(Trail::new(from, head, &tail))))));
        }
        if *is_begun {
            return Ok(None);
        }
        // It was cut in this very moment.
        self.checkpoints.restart(claim.kept);
        let content = open::open(path, 0, &self.progress)?;
        let content = content.unwrap_or_else(|| Box::new(std::io::empty()));
        Ok(Some((content, (Place::START, Some(Trail::new(Place::START, &[], &[]))))))
    }
}
