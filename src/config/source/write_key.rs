//! A key of whoever may write: kept as a hash, compared in constant time.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::event::Trust;

/// Security: the longest key taken, in bytes. RudderStack's have 27.
const MAX_KEY_BYTES: usize = 1024;

/// What a client writes with, and whether it is trusted with automations. The key itself is not kept, and `Debug` shows
/// nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct WriteKey {
    hash: WriteKeyHash,
    trust: Trust,
}

/// The hash of a key, also of one that is only claimed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WriteKeyHash([u8; 32]);

/// The text cannot be a write key. The error does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteKeyError {
    /// `""`
    #[error("the write key is empty")]
    Empty,
    /// Over a KiB
    #[error("the write key is longer than {MAX_KEY_BYTES} bytes")]
    TooLong,
    /// Anything but visible ASCII, or a colon
    #[error(
        "the write key holds white space, a colon or another character that cannot stand in a user name of HTTP"
    )]
    BadCharacter,
}

impl WriteKey {
    /// Takes `key` as it is.
    pub fn new(key: &str, trust: Trust) -> Result<Self, WriteKeyError> {
        if key.is_empty() {
            return Err(WriteKeyError::Empty);
        }
        if key.len() > MAX_KEY_BYTES {
            return Err(WriteKeyError::TooLong);
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
            return Err(WriteKeyError::BadCharacter);
        }
        Ok(Self { hash: WriteKeyHash::of(key), trust })
    }

    /// Whether events written with it may bring automations.
    pub const fn trust(&self) -> Trust {
        self.trust
    }

    /// Its hash.
    pub const fn hash(&self) -> WriteKeyHash {
        self.hash
    }
}

impl WriteKeyHash {
    /// The hash of what is claimed to be a key.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key).into())
    }

    /// Whether both are of the same key. Security: takes as long whether they are or not.
    pub fn matches(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }

    /// A name for the key that does not give it away.
    pub fn name(&self) -> String {
        let number = self.0.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        format!("{number:016x}")
    }
}

impl fmt::Debug for WriteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteKey").field("trust", &self.trust).finish_non_exhaustive()
    }
}

impl fmt::Debug for WriteKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteKeyHash([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_as_it_is_or_refused() {
        let key = WriteKey::new("2abcDEF", Trust::Trusted).unwrap();
        assert_eq!(key.trust(), Trust::Trusted);
        assert!(bool::from(key.hash().matches(&WriteKeyHash::of("2abcDEF"))));
        assert!(!bool::from(key.hash().matches(&WriteKeyHash::of("2abcDEf"))));
        for (text, error) in [
            ("", WriteKeyError::Empty),
            ("a b", WriteKeyError::BadCharacter),
            ("a:b", WriteKeyError::BadCharacter),
            ("schlüssel", WriteKeyError::BadCharacter),
            (&"k".repeat(1025), WriteKeyError::TooLong),
        ] {
            assert_eq!(WriteKey::new(text, Trust::Untrusted).unwrap_err(), error);
        }
    }

    #[test]
    fn nothing_shows_the_key() {
        let key = WriteKey::new("secret", Trust::Untrusted).unwrap();
        for shown in [format!("{key:?}"), format!("{:?}", key.hash()), key.hash().name()] {
            assert!(!shown.contains("secret"), "{shown}");
        }
    }
}
