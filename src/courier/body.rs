//! A request body within Courier's size limit.

use std::fmt;

use bytes::Bytes;

/// The largest body ever sent, in bytes.
///
/// Courier documents 6 MB for every endpoint and answers 413 above; it does not say whether a megabyte is 10⁶ or 2²⁰
/// bytes, so the smaller reading is taken.
pub const MAX_BODY_BYTES: usize = 6_000_000;

/// A JSON body of at most [`MAX_BODY_BYTES`]. Cloning shares the bytes; `Debug` shows the size only.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(Bytes);

/// The body is larger than Courier takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request body would be {0} bytes, Courier takes at most {MAX_BODY_BYTES}")]
pub struct BodyTooLarge(pub usize);

impl Body {
    /// Takes `bytes`, which must be JSON, if they are not too many.
    pub fn new(bytes: impl Into<Bytes>) -> Result<Self, BodyTooLarge> {
        let bytes = bytes.into();
        if bytes.len() > MAX_BODY_BYTES {
            return Err(BodyTooLarge(bytes.len()));
        }
        Ok(Self(bytes))
    }

    /// `{}`
    pub const fn empty_object() -> Self {
        Self(Bytes::from_static(b"{}"))
    }

    /// The bytes, shared.
    pub fn to_bytes(&self) -> Bytes {
        self.0.clone()
    }

    /// The size in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it. A JSON body never is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}
