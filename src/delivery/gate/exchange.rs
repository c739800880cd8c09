//! The settings in force, and others in their place.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Gate;
use crate::delivery::Settings;

impl Gate {
    /// The settings in force.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        // Replaced whole, so a panic elsewhere cannot have left half of them.
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// For how long after its first use an idempotency key may be used again.
    pub(crate) fn key_horizon(&self) -> Duration {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).key_horizon()
    }

    /// How long an attempt may take that begins now.
    pub(crate) fn timeout(&self) -> Duration {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).timeout
    }

    /// From now on `settings` are in force: for every attempt that begins, and for every wait for a turn, a token or a
    /// permit, those under way included. No tokens come of it, so that nothing is faster than the limit of the moment.
    /// Backoffs and pauses that have begun last as long as they were to.
    pub(crate) fn set(&self, settings: &Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings.clone());
        self.lock().set(settings, self.now());
        self.freed.notify_one();
        self.changed.notify_waiters();
    }
}
