//! What only the sink's own log tells: which step was given up because it kept others waiting. Whether it had to be is
//! checked elsewhere.

use std::fmt::Debug;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::log::{Log, What};

/// Reads what the sink tells of failures, and notes what was given up.
pub(crate) struct Witness(pub(crate) Log);

#[derive(Default)]
struct Told {
    failure: String,
    endpoint: String,
    origin: String,
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let told = format!("{value:?}");
        match field.name() {
            "failure" => self.failure = told,
            "endpoint" => self.endpoint = told,
            "origin" => self.origin = told,
            _ => {}
        }
    }
}

impl Subscriber for Witness {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // What is not told as an error, since others were, is told at a lower level.
        metadata.is_event() && *metadata.level() <= Level::DEBUG
    }

    fn event(&self, event: &Event<'_>) {
        let mut told = Told::default();
        event.record(&mut told);
        if told.failure.contains("ordering_max_wait_secs") {
            let number = told.origin.rsplit(|char: char| !char.is_ascii_digit()).next();
            let event = number.and_then(|number| number.parse().ok());
            self.0.push(What::GivenUp(event.expect("an origin ends with a line"), told.endpoint));
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
