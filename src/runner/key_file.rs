//! Follows `api_key_file`: a key that is exchanged there is used at once, and ends a hold.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::watch::Watch;
use crate::config::ApiKeySource;
use crate::delivery::Gate;
use crate::transport::{ApiKey, ApiKeys};

/// The leave to exchange the key of a sink, until it is withdrawn. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Leave(Arc<Mutex<Option<ApiKeys>>>);

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

    /// Exchanges the key for each new one as long as it has `leave`, and has `gate` try it at once. While the file holds
    /// none, perhaps half written, it is looked at again. Never ends; may be dropped at any time.
    pub(super) async fn follow(self, leave: Leave, gate: Arc<Gate>) {
        let Self { source, watch } = self;
        let read = move || match source.read() {
            Ok(key) => {
                if leave.exchange(key) {
                    gate.probe_now();
                    tracing::info!(
                        "the API key was read again: every attempt from now on is signed with it"
                    );
                }
            }
            Err(error) => tracing::error!("{error}; the key from before stays in use"),
        };
        watch.follow(read).await;
    }
}

impl Leave {
    /// To exchange the key of whoever holds `keys`.
    pub(super) fn new(keys: ApiKeys) -> Self {
        Self(Arc::new(Mutex::new(Some(keys))))
    }

    /// From now on nothing is exchanged, not even by who has read a key already.
    pub(super) fn withdraw(&self) {
        *self.lock() = None;
    }

    /// Exchanges the key, if that may be.
    fn exchange(&self, key: ApiKey) -> bool {
        // Held meanwhile, so that whoever withdraws it knows that this is over.
        let leave = self.lock();
        let Some(keys) = &*leave else { return false };
        keys.set(key);
        true
    }

    fn lock(&self) -> MutexGuard<'_, Option<ApiKeys>> {
        // Taken or there, so a panic elsewhere cannot have left half of it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_read_before_another_came_is_not_used_after_it() {
        let key = |text: &str| ApiKey::new(text).unwrap();
        let keys = ApiKeys::new(key("first"));
        let leave = Leave::new(keys.clone());
        assert!(leave.clone().exchange(key("second")));
        let read = key("third");
        leave.withdraw();
        keys.set(key("other"));
        assert!(!leave.exchange(read));
        assert_eq!(keys.current(), key("other"));
    }
}
