//! The right to make one attempt.

use std::sync::Arc;
use std::time::Duration;

use super::waited::Waits;
use super::{Gate, Report};
use crate::courier::Class;
use crate::delivery::{Failure, Receipt};

/// The right to make one attempt: a permit, and a token that is spent. Dropping it gives the permit back.
#[derive(Debug)]
pub(in crate::delivery) struct Admitted {
    gate: Arc<Gate>,
    pub(super) class: Class,
    /// How many were admitted before it
    pub(super) number: u64,
    pub(super) started: Duration,
    /// What it waited for, and how long
    pub(in crate::delivery) waited: Option<Box<Waits>>,
    is_reported: bool,
}

impl Admitted {
    pub(super) const fn new(
        gate: Arc<Gate>,
        class: Class,
        number: u64,
        started: Duration,
        waited: Option<Box<Waits>>,
    ) -> Self {
        Self { gate, class, number, started, waited, is_reported: false }
    }

    /// Gives the right back and says how the attempt ended.
    pub(in crate::delivery) fn report(mut self, result: &Result<Receipt, Failure>) -> Report {
        self.is_reported = true;
        self.gate.ended(&self, Some(result))
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if !self.is_reported {
            self.gate.ended(self, None);
        }
    }
}
