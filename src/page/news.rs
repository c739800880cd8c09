//! The news that something has changed, as server-sent events: a view that hears it asks for itself again.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::StatusCode;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often it is looked whether something has changed: as fast as people read, and nothing beside the work of a
/// request.
const EVERY: Duration = Duration::from_millis(250);

/// Security: as many pages may listen at once.
const MAX_LISTENERS: usize = 64;

/// Counts who listens.
#[derive(Clone, Debug)]
pub(crate) struct News {
    listeners: Arc<AtomicUsize>,
    most: usize,
}

impl Default for News {
    fn default() -> Self {
        Self::with_room(MAX_LISTENERS)
    }
}

impl News {
    /// Lets so many pages listen at once; more are told to come later.
    pub(crate) fn with_room(most: usize) -> Self {
        Self { listeners: Arc::default(), most }
    }
}

/// One who listens; gone when dropped.
struct Listener {
    listeners: Arc<AtomicUsize>,
    ticks: Interval,
    heard: Option<String>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Tells a browser of each change of `version`, which is asked for at intervals.
///
/// There is no queue: whoever reads slowly is told of the newest version when they have read the one before, and the one
/// who writes events knows nothing of them.
pub(crate) fn news(news: &News, version: impl Fn() -> String + Send + 'static) -> Response {
    if news.listeners.fetch_add(1, Ordering::Relaxed) >= news.most {
        news.listeners.fetch_sub(1, Ordering::Relaxed);
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let listener = Listener { listeners: Arc::clone(&news.listeners), ticks, heard: None };
    let events = stream::unfold((listener, version), async |(mut listener, version)| {
        loop {
            // Correctness: the interval wakes us; dropped here, nobody listens any more.
            listener.ticks.tick().await;
            let now = version();
            if listener.heard.as_ref() != Some(&now) {
                let event = Event::default().data(&now);
                listener.heard = Some(now);
                return Some((Ok::<_, Infallible>(event), (listener, version)));
            }
        }
    });
    Sse::new(Box::pin(events)).keep_alive(KeepAlive::default()).into_response()
}
