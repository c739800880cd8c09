//! Journeys whose state somebody set. All others are there, published, and for everybody: which ones a workspace has cannot
//! be known.

use std::ops::Bound;
use std::sync::Arc;

use super::super::retention::{Limits, Table};

/// Security: as many as anybody could draw.
const LIMITS: Limits = Limits { entries: 10_000, bytes: 8 * 1024 * 1024 };

/// Why a journey starts for nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JourneyState {
    /// There is none of that id, or it was never published.
    Unknown,
    /// It was put away.
    Archived,
    /// It is turned off.
    Disabled,
    /// It is there, and not for this user: a normal end, which costs nothing.
    ConditionsNotMet,
}

impl JourneyState {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Unknown, Self::Archived, Self::Disabled, Self::ConditionsNotMet];

    /// Its name in the emulator's own routes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Archived => "archived",
            Self::Disabled => "disabled",
            Self::ConditionsNotMet => "conditions_not_met",
        }
    }
}

/// States by the journey's id.
#[derive(Debug)]
pub(in super::super) struct Journeys(Table<Arc<str>, JourneyState>);

impl Journeys {
    pub(in super::super) fn new() -> Self {
        Self(Table::new(LIMITS))
    }

    pub(in super::super) fn get(&self, id: &str) -> Option<JourneyState> {
        self.0.get(id).copied()
    }

    pub(in super::super) fn set(&mut self, id: &str, state: JourneyState) {
        self.0.insert(Arc::from(id), state, id.len());
    }

    /// Forgets a state; false where there is none.
    pub(in super::super) fn reset(&mut self, id: &str) -> bool {
        self.0.remove(id).is_some()
    }

    pub(in super::super) fn all(&self) -> impl Iterator<Item = (&str, JourneyState)> {
        self.0.from(Bound::Unbounded).map(|(id, state)| (&**id, *state))
    }
}
