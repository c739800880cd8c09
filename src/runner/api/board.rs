//! What is asked when somebody wants to know: the sinks of the run, their buffers, and what was read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::disk::Disk;
use super::events_page::EventsPage;
use super::page::MetricsPage;
use super::status::{SinkStatus, Status};
use crate::runner::source::Progress;
use crate::sink::{Inspector, Upstream};
use crate::telemetry::Constraint;

/// How long a sink may take to answer: it does so between two pieces of work.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What came of the health check: nothing yet, or what it said.
pub(in crate::runner) type Health = Option<Result<(), String>>;

/// One sink of the run.
#[derive(Debug)]
pub(in crate::runner) struct Watched {
    /// Its name
    pub(in crate::runner) name: String,
    /// Whom to ask
    pub(in crate::runner) inspector: Inspector,
    /// Its buffer, where that is on disk
    pub(in crate::runner) buffer: Option<Disk>,
    /// What its health check said
    pub(in crate::runner) health: watch::Receiver<Health>,
    /// How far its sources are
    pub(in crate::runner) progress: Vec<Arc<Progress>>,
}

/// Everything there is to ask.
#[derive(Debug)]
pub(in crate::runner) struct Board {
    pub(in crate::runner) sinks: Vec<Watched>,
    pub(in crate::runner) progress: Arc<Progress>,
    pub(in crate::runner) page: MetricsPage,
    /// Shows events, where that is asked for
    pub(in crate::runner) events: Option<Arc<EventsPage>>,
    pub(in crate::runner) since: Instant,
}

impl Board {
    /// How everything stands now.
    pub(super) async fn status(&self) -> Status {
        let sinks = self.sinks.iter().map(async |sink| {
            let level = sink.buffer.as_ref().map(Disk::show);
            let health = sink.health.borrow().clone();
            let sources = sink.progress.iter().map(|source| source.unread());
            let unread = sources.reduce(std::ops::Add::add).unwrap_or_default();
            let waits_again = unread.waits_again || level.is_some_and(|level| level.waits_again);
            let upstream = Upstream {
                constraint: if waits_again { Constraint::Retry } else { Constraint::Source },
                oldest_age: level.and_then(|level| level.oldest_age),
            };
            let look = sink.inspector.look_behind(upstream);
            let snapshot = timeout(ANSWER_WITHIN, look).await.ok().flatten();
            let status = snapshot.map(|snapshot| SinkStatus::new(&snapshot, level, unread, health));
            (sink.name.clone(), status.unwrap_or_else(SinkStatus::ended))
        });
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_seconds: self.since.elapsed().as_secs_f64(),
            unread_bytes: self.progress.unread().bytes,
            sinks: BTreeMap::from_iter(join_all(sinks).await),
        }
    }
}
