//! Who may write: the keys of the configuration or of a file, which is followed.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use subtle::ConditionallySelectable;

use super::answer::Refusal;
use crate::config::{WriteKey, WriteKeyError, WriteKeyHash, WriteKeys};
use crate::event::Trust;
use crate::runner::watch::Watch;

/// Security: the most that is read of a file of keys.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// The keys in use. Clones are handles on the same ones.
#[derive(Clone, Debug)]
pub(super) struct Keys(Arc<RwLock<Known>>);

/// `None` where everybody may write.
type Known = Option<Arc<[WriteKey]>>;

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    /// A name that gives no key away
    pub(super) scope: String,
    /// Whether its events may bring automations
    pub(super) trust: Trust,
}

/// A file of keys that is followed.
#[derive(Debug)]
pub(super) struct KeysFile {
    path: PathBuf,
    watch: Watch,
}

impl Keys {
    /// The keys of a configuration, and the file to be followed if they are in one. Blocks on the disk.
    pub(super) fn new(keys: &WriteKeys) -> Result<(Self, Option<KeysFile>), KeysFileError> {
        let (known, file) = match keys {
            WriteKeys::Anyone => (None, None),
            WriteKeys::Listed(keys) => (Some(keys.as_slice().into()), None),
            WriteKeys::File(path) => {
                // Before it is read, so that no change is missed.
                let watch = Watch::new(path);
                let keys = read(path)?;
                (Some(keys.into()), Some(KeysFile { path: path.clone(), watch }))
            }
        };
        Ok((Self(Arc::new(RwLock::new(known))), file))
    }

    /// Who writes with `key`. `missing` is what somebody without a key is told; where there are none, it is trusted as
    /// `unkeyed` says.
    pub(super) fn writer(
        &self,
        key: Option<&str>,
        missing: Refusal,
        unkeyed: Trust,
    ) -> Result<Writer, Refusal> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(known) = known else {
            let scope = key.map(|key| WriteKeyHash::of(key).name()).unwrap_or_default();
            return Ok(Writer { scope, trust: unkeyed });
        };
        let key = key.filter(|key| !key.trim().is_empty()).ok_or(missing)?;
        let claimed = WriteKeyHash::of(key);
        // Security: all keys are looked at and no branch depends on one, so that time tells nothing.
        let found = known.iter().zip(1..).fold(0_u64, |found, (key, number)| {
            u64::conditional_select(&found, &number, key.hash().matches(&claimed))
        });
        let found = usize::try_from(found).ok().and_then(|number| number.checked_sub(1));
        let key = found.and_then(|index| known.get(index)).ok_or(Refusal::UnknownKey)?;
        Ok(Writer { scope: key.hash().name(), trust: key.trust() })
    }

    fn set(&self, keys: Vec<WriteKey>) {
        // Replaced whole, so a panic elsewhere cannot have left half of them.
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(keys.into());
    }
}

impl KeysFile {
    /// Hands what the file holds to `keys` whenever it has changed. Never ends; may be dropped at any time.
    pub(super) async fn follow(self, keys: Keys) {
        let Self { path, watch } = self;
        let look = move || match read(&path) {
            Ok(known) => {
                let number = known.len();
                keys.set(known);
                tracing::info!(keys = number, "the write keys were read again");
            }
            Err(error) => tracing::error!("{error}; the keys from before stay in use"),
        };
        watch.follow(look).await;
    }
}

/// A file of write keys cannot be used. No key enters it.
#[derive(Debug, thiserror::Error)]
pub enum KeysFileError {
    /// It cannot be read
    #[error("cannot read write_keys_file {}: {error}", path.display())]
    Read {
        /// Which file
        path: PathBuf,
        /// Why not
        error: io::Error,
    },
    /// It holds nothing, or too much
    #[error("write_keys_file {} must hold at least one key and at most {MAX_FILE_BYTES} bytes", path.display())]
    Size {
        /// Which file
        path: PathBuf,
    },
    /// A line that is no key
    #[error("write_keys_file {}:{line} cannot be used: {error}", path.display())]
    Key {
        /// Which file
        path: PathBuf,
        /// Which line, from 1
        line: usize,
        /// Why not
        error: WriteKeyError,
    },
    /// A word behind a key that is not `trusted`
    #[error("write_keys_file {}:{line} may hold nothing but `trusted` behind the key", path.display())]
    Word {
        /// Which file
        path: PathBuf,
        /// Which line, from 1
        line: usize,
    },
}

/// A key a line, `trusted` behind it for one that is; blank lines and those that begin with `#` do not count.
pub(in crate::runner) fn read(path: &Path) -> Result<Vec<WriteKey>, KeysFileError> {
    let mut text = String::new();
    let limit = MAX_FILE_BYTES.saturating_add(1);
    File::open(path)
        .and_then(|file| file.take(limit).read_to_string(&mut text))
        .map_err(|error| KeysFileError::Read { path: path.to_owned(), error })?;
    let mut keys = Vec::new();
    for (text, line) in text.lines().zip(1..) {
        let mut words = text.split_whitespace();
        let Some(key) = words.next().filter(|key| !key.starts_with('#')) else { continue };
        let trust = match (words.next(), words.next()) {
            (None, _) => Trust::Untrusted,
            (Some("trusted"), None) => Trust::Trusted,
            (Some(_), _) => return Err(KeysFileError::Word { path: path.to_owned(), line }),
        };
        let key = WriteKey::new(key, trust).map_err(|error| KeysFileError::Key {
            path: path.to_owned(),
            line,
            error,
        })?;
        keys.push(key);
    }
    let is_over = u64::try_from(text.len()).is_ok_and(|length| length > MAX_FILE_BYTES);
    if keys.is_empty() || is_over {
        return Err(KeysFileError::Size { path: path.to_owned() });
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(keys: &[(&str, Trust)]) -> Keys {
        let keys = keys.iter().map(|(key, trust)| WriteKey::new(key, *trust).unwrap());
        Keys::new(&WriteKeys::Listed(keys.collect())).unwrap().0
    }

    #[test]
    fn only_known_keys_write_and_each_is_trusted_for_itself() {
        let keys = listed(&[("web", Trust::Untrusted), ("server", Trust::Trusted)]);
        // What holds without keys does not count with them.
        let writer = |key| keys.writer(key, Refusal::NoKeyInHeader, Trust::Trusted);
        assert_eq!(writer(Some("web")).unwrap().trust, Trust::Untrusted);
        assert_eq!(writer(Some("server")).unwrap().trust, Trust::Trusted);
        assert_ne!(writer(Some("web")).unwrap().scope, writer(Some("server")).unwrap().scope);
        for (key, refusal) in [
            (None, Refusal::NoKeyInHeader),
            (Some(""), Refusal::NoKeyInHeader),
            (Some(" "), Refusal::NoKeyInHeader),
            (Some("we"), Refusal::UnknownKey),
            (Some("webb"), Refusal::UnknownKey),
            (Some("web "), Refusal::UnknownKey),
        ] {
            assert_eq!(writer(key), Err(refusal), "{key:?}");
        }
    }

    #[test]
    fn without_keys_everybody_on_the_machine_writes() {
        let (keys, _) = Keys::new(&WriteKeys::Anyone).unwrap();
        let writer = |key, trust| keys.writer(key, Refusal::NoKeyInHeader, trust).unwrap();
        for trust in [Trust::Trusted, Trust::Untrusted] {
            assert_eq!(writer(None, trust).trust, trust);
        }
        let scope = |key| writer(Some(key), Trust::Trusted).scope;
        assert_ne!(scope("a"), scope("b"));
    }

    #[test]
    fn a_file_holds_a_key_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let of = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path)
        };
        let keys = of("# ours\n\nweb\r\n  server   trusted \n").unwrap();
        assert_eq!(
            keys,
            [
                WriteKey::new("web", Trust::Untrusted).unwrap(),
                WriteKey::new("server", Trust::Trusted).unwrap()
            ]
        );
        for (text, said) in [
            ("", "must hold at least one key"),
            ("#\n", "must hold at least one key"),
            ("a\nsecret:key\n", ":2 cannot be used"),
            ("secret yes\n", ":1 may hold nothing but `trusted`"),
            ("secret trusted too\n", ":1 may hold nothing but `trusted`"),
        ] {
            let error = of(text).unwrap_err().to_string();
            assert!(error.contains(said) && !error.contains("secret"), "{error}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(read(&path), Err(KeysFileError::Read { .. })));
    }
}
