//! Follows the files of one source: what is added to them, what comes in their place, what they are renamed to.
//!
//! In: ticks, at each of which it looks, and the time. Out: records, in rounds: every file to where it ends, in the order
//! the files were found in, so that a rotated one comes before the one in its place. It polls, as Vector does, since not
//! every file system tells of changes. Which file is which is told by content, while it runs and afterwards.

mod content;
mod look;
mod scan;
mod watched;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::again::Tick;
use super::feed::{Feed, Stopped};
use super::stat::Stat;
use super::{Progress, SourceError};
use crate::clock::Clock;
use crate::config::{FileSource, FollowFiles};
use crate::runner::checkpoint::Checkpoints;
use watched::Watched;

/// What is followed, and how.
pub(super) struct Follower {
    settings: Settings,
    /// In the order they are read in
    watched: Vec<Watched>,
    /// Copies of files that are followed, with the number of the file's checkpoint: not read as long as that is there
    copies: HashMap<PathBuf, (Stat, u64)>,
    /// When the globs are looked at again
    next_scan: Option<Instant>,
    /// Problems and when they were told
    told: HashMap<String, Instant>,
}

/// What a [`Follower`] is given.
pub(super) struct Settings {
    pub(super) source: FileSource,
    pub(super) follow: FollowFiles,
    pub(super) clock: Clock,
    pub(super) max_bytes: usize,
    pub(super) checkpoints: Checkpoints,
    pub(super) progress: Arc<Progress>,
}

/// How often files that are known are looked at, at most: soon enough for a notification, and one system call for each.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How often one and the same problem is told.
const TELL_EVERY: Duration = Duration::from_secs(600);

/// How often a follower is to tick.
pub(super) fn period(follow: &FollowFiles) -> Duration {
    follow.glob_cooldown.min(LOOK_EVERY)
}

impl Follower {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            watched: Vec::new(),
            copies: HashMap::new(),
            next_scan: None,
            told: HashMap::new(),
        }
    }

    /// Follows until nobody ticks, or nobody takes records any more. Blocks.
    pub(super) fn run(mut self, feed: &Feed, mut ticks: mpsc::Receiver<Tick>) {
        while let Some(tick) = ticks.blocking_recv() {
            let going_on = match tick {
                Tick::Look(now) => self.round(feed, now),
                Tick::Again => self.again(feed),
            };
            if going_on.is_err() {
                return;
            }
        }
    }

    fn round(&mut self, feed: &Feed, now: Instant) -> Result<(), Stopped> {
        let mut problems = Vec::new();
        let mut is_due = self.next_scan.is_none_or(|at| at <= now);
        for watched in &mut self.watched {
            if let Err(error) = watched.check(&self.settings.progress) {
                problems.push(SourceError::Open { path: watched.path.clone(), error });
            }
            if watched.is_lost() && watched.gone_since.is_none() {
                watched.gone_since = Some(now);
                is_due = true;
            }
        }
        if is_due {
            problems.extend(self.scan(now));
            self.next_scan = Some(now + self.settings.follow.glob_cooldown);
        }
        let Settings { checkpoints, max_bytes, progress, .. } = &self.settings;
        for watched in &mut self.watched {
            problems.extend(watched.go_back(checkpoints, *max_bytes, progress));
            if watched.is_lost() {
                problems.extend(watched.loss(checkpoints));
            }
            problems.extend(watched.read_on(feed, progress)?);
        }
        self.let_go(feed, now, &mut problems)?;
        self.told.retain(|_, told| now - *told < TELL_EVERY);
        for problem in problems {
            if self.told.insert(problem.to_string(), now).is_none() {
                feed.problem(problem)?;
            }
        }
        Ok(())
    }

    /// Goes back to the checkpoints. What was handed on before is not looked at any more; all that was begun has ended.
    fn again(&mut self, feed: &Feed) -> Result<(), Stopped> {
        let Settings { checkpoints, max_bytes, progress, .. } = &self.settings;
        let mut problems = Vec::new();
        for watched in &mut self.watched {
            watched.recall();
            problems.extend(watched.go_back(checkpoints, *max_bytes, progress));
        }
        feed.again()?;
        problems.into_iter().try_for_each(|problem| feed.problem(problem))
    }

    /// Lets go of files that are gone for long enough, and of which nothing is owed, or what is will never be read.
    fn let_go(
        &mut self,
        feed: &Feed,
        now: Instant,
        problems: &mut Vec<SourceError>,
    ) -> Result<(), Stopped> {
        let wait = self.settings.follow.rotate_wait;
        let checkpoints = &self.settings.checkpoints;
        let is_over = |it: &mut Watched| {
            it.gone_since.is_some_and(|since| now - since >= wait) && it.is_over(checkpoints)
        };
        for mut watched in self.watched.extract_if(.., is_over) {
            if watched.is_recalled()
                && let Some(kept) = watched.kept()
            {
                problems.extend(watched.loss(checkpoints));
                checkpoints.abandon(kept);
                continue;
            }
            let missing = watched.settle(feed)?;
            // What was cut off was told when it was; an array without its bracket has lost nothing.
            if !watched.is_lost() && watched.breaks_off() {
                problems.extend(missing);
            }
            watched.release(&self.settings.checkpoints);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
