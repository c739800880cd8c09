//! Follows `api_key_file`: a key that is exchanged there is used at once, and ends a hold.

use std::sync::Arc;

use super::watch::Watch;
use crate::config::ApiKeySource;
use crate::delivery::Gate;
use crate::transport::ApiKeys;

/// A key and where it is from, as it was when this was made.
#[derive(Clone, Debug)]
pub(super) struct KeyFile {
    source: ApiKeySource,
    watch: Watch,
}

impl KeyFile {
    /// To be made before the key is read for the first time, so that no change is missed. `None` where the key is in no
    /// file. Blocks on the disk.
    pub(super) fn new(source: &ApiKeySource) -> Option<Self> {
        match source {
            ApiKeySource::Inline(_) => None,
            ApiKeySource::File(path) => {
                Some(Self { source: source.clone(), watch: Watch::new(path) })
            }
        }
    }

    /// Hands each new key to `keys`, and has `gate` try it at once. While the file holds none, perhaps half written, it is
    /// looked at again. Never ends; may be dropped at any time.
    pub(super) async fn follow(self, keys: ApiKeys, gate: Arc<Gate>) {
        let Self { source, watch } = self;
        let read = move || match source.read() {
            Ok(key) => {
                keys.set(key);
                gate.probe_now();
                tracing::info!(
                    "the API key was read again: every attempt from now on is signed with it"
                );
            }
            Err(error) => tracing::error!("{error}; the key from before stays in use"),
        };
        watch.follow(read).await;
    }
}
