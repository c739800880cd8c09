//! A source that runs: its records, and what serves whoever sends them.
//!
//! In: what a source is given to run ([`Context`]). Out: [`Opened`], the same for sources that read and for sources that
//! are sent to. It knows neither sinks nor how long a run takes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

use super::Progress;
use crate::clock::Clock;
use crate::sink::Record;
use crate::telemetry::SourceErrors;

/// What a source needs from whoever runs it.
#[derive(Debug)]
pub(in crate::runner) struct Context {
    /// What the source is called in the configuration
    pub(in crate::runner) name: Arc<str>,
    /// Cancelled once the source is to stop: it takes in nothing more, and its records end
    pub(in crate::runner) stop: CancellationToken,
    /// What time it is
    pub(in crate::runner) clock: Clock,
    /// Draws ids for events that bring nothing to make one of
    pub(in crate::runner) chance: fastrand::Rng,
    /// Counts the bytes read
    pub(in crate::runner) progress: Arc<Progress>,
    /// Counts what could not be read, each to be logged where it is counted
    pub(in crate::runner) problems: Arc<AtomicUsize>,
    /// Counts all that fails, for the metrics
    pub(in crate::runner) errors: SourceErrors,
}

/// A source that runs.
pub(in crate::runner) struct Opened {
    /// Its records. They end once the source is asked to stop, or everything is read; dropping them ends the source.
    pub(in crate::runner) records: BoxStream<'static, Record>,
    /// Serves whoever sends, where somebody does. Spawned before the sinks run, and given time after they have ended, to
    /// write the answers that waited for them. It ends by itself once the source is asked to stop and nobody waits for
    /// an answer; then, or when that takes too long, it is dropped.
    pub(in crate::runner) serve: Option<BoxFuture<'static, ()>>,
    ends: Ends,
}

/// When a source ends.
#[derive(Debug)]
enum Ends {
    /// Once everything is read, or before, as this tells then
    WhenRead(Arc<AtomicBool>),
    /// Only when it is asked to
    WhenAsked,
}

impl Opened {
    /// A source that reads `records` until everything is read; `is_whole` tells at their end whether it is.
    pub(in crate::runner) fn finite(
        records: BoxStream<'static, Record>,
        is_whole: Arc<AtomicBool>,
    ) -> Self {
        Self { records, serve: None, ends: Ends::WhenRead(is_whole) }
    }

    /// A source that reads `records` until it is asked to stop: more may always come.
    pub(in crate::runner) fn endless(records: BoxStream<'static, Record>) -> Self {
        Self { records, serve: None, ends: Ends::WhenAsked }
    }

    /// A source that is sent `records` as long as `serve` runs; it ends only when it is asked to.
    pub(in crate::runner) fn serving(
        records: BoxStream<'static, Record>,
        serve: BoxFuture<'static, ()>,
    ) -> Self {
        Self { records, serve: Some(serve), ends: Ends::WhenAsked }
    }

    /// Whether its records end when everything is read, so that a run that is stopped before leaves something unread.
    pub(in crate::runner) const fn is_finite(&self) -> bool {
        matches!(self.ends, Ends::WhenRead(_))
    }

    /// Tells, once its records have ended, whether everything is read; nothing of a source that never is at its end.
    pub(in crate::runner) fn is_whole(&self) -> Option<Arc<AtomicBool>> {
        match &self.ends {
            Ends::WhenRead(is_whole) => Some(Arc::clone(is_whole)),
            Ends::WhenAsked => None,
        }
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("is_finite", &self.is_finite()).finish_non_exhaustive()
    }
}
