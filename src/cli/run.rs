//! `courier-sink run CONFIG`

use std::path::Path;
use std::sync::Arc;

use super::progress::Bar;
use super::{complain, tell, validate};
use crate::clock::Clock;
use crate::runner::source::Progress;
use crate::runner::{self, Context, Exit, RunError};

/// Runs the configuration at `path`, and prints the summary.
pub(super) async fn run(path: &Path, bar: Bar) -> anyhow::Result<Exit> {
    let config = match validate::load(path) {
        Ok(config) => config,
        Err(mistakes) => {
            complain(&mistakes);
            return Ok(Exit::Config);
        }
    };
    let signals = runner::signals().map_err(RunError::Signals)?;
    let progress = Arc::new(Progress::default());
    let context = Context {
        clock: Clock::system(),
        chance: fastrand::Rng::new(),
        signals,
        progress: Arc::clone(&progress),
    };
    let run = Box::pin(runner::run(config, context));
    // Correctness: the bar never ends, and leaves nothing undone when the run does.
    let outcome = tokio::select! {
        outcome = run => outcome,
        () = bar.follow(progress) => return Ok(Exit::Internal),
    };
    bar.clear();
    Ok(match outcome {
        Ok(outcome) => {
            tell(outcome.summaries.to_string().trim_end());
            outcome.exit
        }
        Err(error) => {
            complain(&format!("{}: {error}", path.display()));
            error.exit()
        }
    })
}
