//! The workspace's API key: checked, never shown, exchangeable while attempts are under way.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// Security: the longest key taken, in bytes. Courier's keys have well under 100; a file that is no key should not be
/// sent to anyone.
const MAX_KEY_BYTES: usize = 1024;

/// An API key of Courier. `Debug` does not show it; cloning shares it.
///
/// A prefix such as `pk_prod_` is not asked for: Courier binds the environment to the key on its side.
#[derive(Clone)]
pub struct ApiKey(Arc<SecretString>);

/// The text cannot be sent as a key. The error does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// `""`
    #[error("the API key is empty")]
    Empty,
    /// Over a KiB
    #[error("the API key is longer than {MAX_KEY_BYTES} bytes")]
    TooLong,
    /// Anything but visible ASCII
    #[error(
        "the API key holds white space, a line break or another character that cannot stand in a header"
    )]
    BadCharacter,
}

/// The key in use. Clones are handles to the same key: [`ApiKeys::set`] changes it for every attempt that starts later.
#[derive(Clone, Debug)]
pub struct ApiKeys(Arc<RwLock<ApiKey>>);

impl PartialEq for ApiKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for ApiKey {}

impl ApiKey {
    /// Takes `text` as it is: nothing is trimmed.
    pub fn new(text: impl Into<SecretString>) -> Result<Self, ApiKeyError> {
        let secret = text.into();
        let key = secret.expose_secret();
        if key.is_empty() {
            return Err(ApiKeyError::Empty);
        }
        if key.len() > MAX_KEY_BYTES {
            return Err(ApiKeyError::TooLong);
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ApiKeyError::BadCharacter);
        }
        Ok(Self(Arc::new(secret)))
    }

    /// The value of the `Authorization` header, marked so that nothing prints it and no HTTP/2 table keeps it.
    pub(super) fn authorization(&self) -> HeaderValue {
        let text = format!("Bearer {}", self.0.expose_secret());
        let mut value =
            HeaderValue::try_from(text).expect("a key is visible ASCII, checked when it was taken");
        value.set_sensitive(true);
        value
    }

    /// `text` with every occurrence of the key replaced by as many asterisks.
    pub(super) fn mask(&self, text: &str) -> String {
        let key = self.0.expose_secret();
        text.replace(key, &"*".repeat(key.len()))
    }

    /// The key's length in bytes.
    pub(super) fn len(&self) -> usize {
        self.0.expose_secret().len()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([redacted])")
    }
}

impl ApiKeys {
    /// Starts with `key`.
    pub fn new(key: ApiKey) -> Self {
        Self(Arc::new(RwLock::new(key)))
    }

    /// Signs every attempt that starts from now on with `key`.
    pub fn set(&self, key: ApiKey) {
        // A key is replaced whole, so a panic elsewhere cannot have left half of one.
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = key;
    }

    /// `text` with every occurrence of the key in use replaced by as many asterisks; nothing where there is none.
    pub fn masked(&self, text: &[u8]) -> Option<Vec<u8>> {
        let key = self.current();
        let key = key.0.expose_secret().as_bytes();
        memchr::memmem::find(text, key)?;
        let mut masked = text.to_vec();
        for at in memchr::memmem::find_iter(text, key) {
            if let Some(place) = masked.get_mut(at..at.saturating_add(key.len())) {
                place.fill(b'*');
            }
        }
        Some(masked)
    }

    /// The key in use.
    pub(crate) fn current(&self) -> ApiKey {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_as_it_is_or_refused() {
        assert_eq!(ApiKey::new("pk_test_1").unwrap().authorization(), "Bearer pk_test_1");
        for (text, error) in [
            ("", ApiKeyError::Empty),
            (" pk", ApiKeyError::BadCharacter),
            ("pk\n", ApiKeyError::BadCharacter),
            ("pk\0", ApiKeyError::BadCharacter),
            ("schlüssel", ApiKeyError::BadCharacter),
            (&"k".repeat(1025), ApiKeyError::TooLong),
        ] {
            assert_eq!(ApiKey::new(text).unwrap_err(), error);
        }
    }

    #[test]
    fn nothing_prints_the_key() {
        let key = ApiKey::new("pk_secret").unwrap();
        let header = key.authorization();
        let keys = ApiKeys::new(key.clone());
        for shown in [format!("{key:?}"), format!("{header:?}"), format!("{keys:?}")] {
            assert!(!shown.contains("pk_secret"), "{shown}");
        }
        assert_eq!(key.mask("a pk_secret b"), "a ********* b");
    }

    #[test]
    fn a_handle_changes_the_key_for_all() {
        let keys = ApiKeys::new(ApiKey::new("old").unwrap());
        keys.clone().set(ApiKey::new("new").unwrap());
        assert_eq!(keys.current().authorization(), "Bearer new");
        assert_eq!(keys.masked(b"old \xff"), None);
        assert_eq!(keys.masked(b"a new \xff new"), Some(b"a *** \xff ***".to_vec()));
    }
}
