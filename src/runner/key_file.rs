//! Follows `api_key_file`: a key that is exchanged there is used at once, and ends a hold.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use tokio::time::{MissedTickBehavior, interval};

use crate::config::ApiKeySource;
use crate::delivery::Gate;
use crate::transport::{ApiKey, ApiKeys};

/// How often it is looked at: one look at a file's name and dates.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What tells that a file was written or replaced, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<Duration>,
    length: u64,
    file: u64,
}

/// A key and where it is from, as it was when this was made.
#[derive(Clone, Debug)]
pub(super) struct KeyFile {
    source: ApiKeySource,
    stamp: Option<Stamp>,
}

impl KeyFile {
    /// To be made before the key is read for the first time, so that no change is missed. `None` where the key is in no
    /// file. Blocks on the disk.
    pub(super) fn new(source: &ApiKeySource) -> Option<Self> {
        match source {
            ApiKeySource::Inline(_) => None,
            ApiKeySource::File(path) => Some(Self { source: source.clone(), stamp: stamp(path) }),
        }
    }

    /// Hands each new key to `keys`, and has `gate` try it at once. Never ends; may be dropped at any time.
    pub(super) async fn follow(mut self, keys: ApiKeys, gate: Arc<Gate>) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let look = tokio::task::spawn_blocking(move || {
                let key = self.look();
                (self, key)
            });
            let Ok((after, key)) = look.await else {
                // The runtime is going.
                return;
            };
            self = after;
            if let Some(key) = key {
                keys.set(key);
                gate.probe_now();
                tracing::info!(
                    "the API key was read again: every attempt from now on is signed with it"
                );
            }
        }
    }

    /// The key, if its file has changed and holds one. While it holds none, perhaps half written, it is looked at again.
    fn look(&mut self) -> Option<ApiKey> {
        let ApiKeySource::File(path) = &self.source else {
            return None;
        };
        let stamp = stamp(path);
        if stamp == self.stamp {
            return None;
        }
        self.stamp = stamp;
        let key = self.source.read();
        key.inspect_err(|error| tracing::error!("{error}; the key from before stays in use")).ok()
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
