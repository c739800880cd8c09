//! Sees that a file was written or replaced, without reading it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use tokio::time::{MissedTickBehavior, interval};
use tracing::Span;

/// How often it is looked at: one look at a file's name and dates.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A file, and what it looked like when it was last looked at.
#[derive(Clone, Debug)]
pub struct Watch {
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
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), stamp: stamp(path) }
    }

    /// Which file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Calls `read`, which may block, whenever the file has changed, also after a call that panicked. Never ends; may be
    /// dropped at any time, and then a call under way goes on to its end.
    pub(super) async fn follow(self, read: impl FnMut() + Send + 'static) {
        let path = self.path.clone();
        let looking = Arc::new(Mutex::new((self, read)));
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let (looking, span) = (Arc::clone(&looking), Span::current());
            let look = tokio::task::spawn_blocking(move || {
                // What is logged says whose it is there too.
                let _entered = span.entered();
                let mut looking = looking.lock().unwrap_or_else(PoisonError::into_inner);
                let (watch, read) = &mut *looking;
                if watch.has_changed() {
                    read();
                }
            });
            if let Err(error) = look.await {
                if !error.is_panic() {
                    // The runtime is going.
                    return;
                }
                tracing::error!(
                    path = %path.display(),
                    "this file was not read again: the program has panicked, and says where above"
                );
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_change_is_seen_once_and_a_panic_ends_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (path, next) = (folder.path().join("key"), folder.path().join("next"));
        std::fs::write(&path, "a").unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let read = move || {
            let call = counted.fetch_add(1, Ordering::Relaxed);
            assert!(call > 0, "a panic that this test asks for");
        };
        let changes = async {
            sleep(LOOK_EVERY * 3).await;
            assert_eq!(calls.load(Ordering::Relaxed), 0);
            for (content, expected) in [("ab", 1), ("abc", 2)] {
                // Replaced at once: written in its place, it would be empty for a moment, which is a change too.
                std::fs::write(&next, content).unwrap();
                std::fs::rename(&next, &path).unwrap();
                sleep(LOOK_EVERY * 3).await;
                assert_eq!(calls.load(Ordering::Relaxed), expected);
            }
        };
        tokio::select! {
            () = Watch::new(&path).follow(read) => panic!("it never ends"),
            () = changes => {}
        }
    }
}
