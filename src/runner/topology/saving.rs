//! The checkpoints of a source as they are written while it runs: what fails is counted for the source, and told seldom.

use std::sync::Arc;

use tokio::time::Instant;

use crate::runner::checkpoint::Checkpoints;
use crate::telemetry::{ErrorType, Repeats, SourceErrors};

/// Writes the checkpoints of a source. Clones are the same.
#[derive(Clone)]
pub(super) struct Saving {
    checkpoints: Checkpoints,
    errors: SourceErrors,
    failing: Arc<Repeats>,
    since: Instant,
}

impl Saving {
    /// For a source whose errors are counted.
    pub(super) fn new(checkpoints: Checkpoints, errors: SourceErrors) -> Self {
        Self { checkpoints, errors, failing: Arc::default(), since: Instant::now() }
    }

    /// Writes what has changed; tells whether that could be done. Blocks on the disk.
    pub(super) fn save(&self) -> bool {
        let Err(error) = self.checkpoints.save() else { return true };
        self.errors.count(ErrorType::Writer);
        if let Some(suppressed) = self.failing.may_tell(self.since.elapsed()) {
            tracing::error!(suppressed, "{error}");
        }
        false
    }
}
