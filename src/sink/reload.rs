//! Other settings for a sink that runs: checked here, taken over by the worker.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::Settings;
use crate::plan::{Mode, Rules};

/// Gives a running sink other settings; clones are handles to the same sink.
///
/// They count from the worker's next turn on, without an event being lost, repeated or overtaken. An event of which a step
/// was attempted keeps its plan, and so does one that was sent again with a [`Resume`](super::Resume); all others are planned
/// anew, in their places. Attempts and waits under way end as they began, what comes after them obeys the new settings. What
/// was gathered for a batch is released.
#[derive(Clone)]
pub struct Reload(Arc<Shared>);

struct Shared {
    name: Arc<str>,
    is_inbound: bool,
    next: Mutex<Next>,
}

#[derive(Default)]
struct Next {
    settings: Option<Settings>,
    waker: Option<Waker>,
}

/// What cannot be changed while a sink runs was changed: nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLive {
    /// Every idempotency key is made of it
    #[error("the sink's name cannot change while it runs")]
    Name,
    /// Courier knows the same event under other keys at other endpoints
    #[error("`mode` cannot change while the sink runs")]
    Mode,
}

impl Reload {
    pub(super) fn new(rules: &Rules) -> Self {
        let (name, is_inbound) = (Arc::clone(&rules.sink), is_inbound(rules));
        Self(Arc::new(Shared { name, is_inbound, next: Mutex::default() }))
    }

    /// Hands over `settings`; of several that come before the worker's next turn the last ones count.
    pub fn set(&self, settings: Settings) -> Result<(), NotLive> {
        self.check(&settings)?;
        let waker = {
            let mut next = self.lock();
            next.settings = Some(settings);
            next.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// Whether [`Reload::set`] would take `settings`.
    pub fn check(&self, settings: &Settings) -> Result<(), NotLive> {
        if settings.rules.sink != self.0.name {
            return Err(NotLive::Name);
        }
        if is_inbound(&settings.rules) != self.0.is_inbound {
            return Err(NotLive::Mode);
        }
        Ok(())
    }

    /// The settings that came since the last look; `waker` is told of the next ones.
    pub(super) fn take(&self, waker: &Waker) -> Option<Settings> {
        let mut next = self.lock();
        match &mut next.waker {
            Some(before) => before.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        next.settings.take()
    }

    fn lock(&self) -> MutexGuard<'_, Next> {
        self.0.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn is_inbound(rules: &Rules) -> bool {
    match rules.mode {
        Mode::Inbound { .. } => true,
        Mode::Direct(_) => false,
    }
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload").field("name", &self.0.name).finish_non_exhaustive()
    }
}
