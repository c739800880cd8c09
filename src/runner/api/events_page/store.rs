//! The newest events of a run, and how often each name came: taken from the sinks' taps, kept for the page.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use super::rows::Secrets;
use crate::event::EventType;
use crate::page::{Feed, Row};
use crate::tap::{Sighting, Sightings};

/// How often what was seen is taken: faster than people read, and a tenth of a second of events is what waits.
const EVERY: Duration = Duration::from_millis(100);

/// Security: the names of events are foreign, so not every one is counted.
const MAX_TRIGGERS: usize = 1_000;

/// An event that something can be started by: its sink, and `track/NAME`, `identify` or `group`.
pub(super) type Trigger = (Arc<str>, String);

/// What the page shows.
#[derive(Debug)]
pub(super) struct Store {
    shown: Mutex<Shown>,
    secrets: Secrets,
    version: AtomicU64,
}

/// What is kept.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) feed: Feed,
    pub(super) triggers: BTreeMap<Trigger, u64>,
}

impl Store {
    /// Keeps so many events, which hold none of these secrets.
    pub(super) fn new(most: usize, secrets: Secrets) -> Self {
        let shown = Shown { feed: Feed::with_room(most), triggers: BTreeMap::new() };
        Self { shown: Mutex::new(shown), secrets, version: AtomicU64::new(0) }
    }

    /// Takes what is seen, for ever. What is taken is not lost to the sinks, so it may be dropped at any time.
    pub(super) async fn follow(self: Arc<Self>, sightings: Sightings) {
        loop {
            let (seen, missed) = sightings.next().await;
            let store = Arc::clone(&self);
            // Somebody's search may have the lock for a tenth of a second.
            let taken = tokio::task::spawn_blocking(move || store.take(seen, missed));
            if taken.await.is_err() {
                // The runtime is going.
                return;
            }
            sleep(EVERY).await;
        }
    }

    /// What changes whenever something that is shown does.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// Looks at what is kept. Whoever does delays whoever adds to it, and no sink.
    pub(super) fn look(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self, seen: Vec<Sighting>, missed: u64) {
        for sighting in seen {
            match sighting {
                Sighting::Came(came) => {
                    let row = self.secrets.row(*came);
                    self.look().push(row);
                }
                Sighting::Planned(number, requests) => {
                    let change = |row: &mut Row| self.secrets.plan(row, requests);
                    self.look().feed.amend(number.get(), change);
                }
                Sighting::Ended(number, end) => {
                    self.look().feed.amend(number.get(), |row| self.secrets.end(row, end));
                }
            }
        }
        self.look().feed.miss(missed);
        self.version.fetch_add(1, Ordering::Relaxed);
    }
}

impl Shown {
    fn push(&mut self, row: Row) {
        if let (Some(sink), true) = (&row.sink, starts(&row)) {
            let trigger = (Arc::clone(sink), row.trigger());
            let has_room = self.triggers.len() < MAX_TRIGGERS;
            match self.triggers.get_mut(&trigger) {
                Some(count) => *count += 1,
                None if has_room => {
                    self.triggers.insert(trigger, 1);
                }
                None => {}
            }
        }
        self.feed.push(row);
    }
}

/// Whether a mapping block could be for an event like this.
pub(super) fn starts(row: &Row) -> bool {
    let is_named = row.kind != EventType::Track || row.name.is_some();
    is_named && row.kind != EventType::Other
}
