//! Sees that a file was written or replaced, without reading it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use tokio::time::{MissedTickBehavior, interval};

/// How often it is looked at: one look at a file's name and dates.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A file, and what it looked like when it was last looked at.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    path: PathBuf,
    stamp: Option<Stamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<Duration>,
    length: u64,
    file: u64,
}

impl Watch {
    /// To be made before the file is read for the first time, so that no change is missed. Blocks on the disk.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), stamp: stamp(path) }
    }

    /// Calls `read`, which may block, whenever the file has changed. Never ends; may be dropped at any time.
    pub(super) async fn follow(self, read: impl FnMut() + Send + 'static) {
        let looking = Arc::new(Mutex::new((self, read)));
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let looking = Arc::clone(&looking);
            let look = tokio::task::spawn_blocking(move || {
                let mut looking = looking.lock().unwrap_or_else(PoisonError::into_inner);
                let (watch, read) = &mut *looking;
                if watch.has_changed() {
                    read();
                }
            });
            if look.await.is_err() {
                // The runtime is going.
                return;
            }
        }
    }

    /// Whether it changed since the last look.
    fn has_changed(&mut self) -> bool {
        let stamp = stamp(&self.path);
        std::mem::replace(&mut self.stamp, stamp) != stamp
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = path.metadata().ok()?;
    #[cfg(unix)]
    let file = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let file = 0;
    let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    Some(Stamp { modified, length: metadata.len(), file })
}
