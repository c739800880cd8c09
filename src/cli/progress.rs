//! A progress bar on standard error, where that is a terminal.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::runner::source::Progress;

/// The bar. Clones are the same bar; where standard error is no terminal, it is never seen.
#[derive(Clone, Debug)]
pub(super) struct Bar(ProgressBar);

/// Often enough to look alive.
const REDRAW_EVERY: Duration = Duration::from_millis(200);

impl Bar {
    /// A bar that shows nothing until it follows something.
    pub(super) fn new() -> Self {
        Self(ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden()))
    }

    /// Writes without the bar in the way.
    pub(super) fn around<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Follows `progress` for ever. Dropping the future leaves the bar as it is.
    pub(super) async fn follow(&self, progress: Arc<Progress>) {
        let style = "{wide_bar} {bytes}/{total_bytes}, {binary_bytes_per_sec}, {eta}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            self.0.set_style(style);
        }
        let mut ticks = tokio::time::interval(REDRAW_EVERY);
        loop {
            ticks.tick().await;
            if progress.total() > 0 {
                // Standard error decides whether it is drawn: only a terminal draws.
                if self.0.is_hidden() {
                    self.0.set_draw_target(ProgressDrawTarget::stderr());
                }
                self.0.set_length(progress.total());
                self.0.set_position(progress.read());
            }
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
