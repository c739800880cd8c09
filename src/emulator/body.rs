//! A request's body off the wire: all of it, or a refusal when it is over Courier's limit.

use std::sync::{Mutex, PoisonError};

use axum::body::{Body, HttpBody as _};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use super::answer::Refusal;

/// Courier's limit on every request body: "6 MB", read as MiB since AWS Lambda's is.
const MAX_BYTES: usize = 6 * 1024 * 1024;

/// How much of an oversized body is still read, and thrown away, so that its sender sees the 413
/// instead of a reset connection. Security: beyond it the connection is given up.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;

/// Reads a body. It may be a slice of the connection's buffer, which is larger: not for keeping.
pub(super) async fn receive(mut body: Body) -> Result<Bytes, Refusal> {
    let mut kept = Vec::new();
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::bad_request("the request body broke off"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.len());
        if seen == data.len() && seen <= MAX_BYTES && body.is_end_stream() {
            // So it is with most.
            return Ok(data);
        }
        if seen <= MAX_BYTES {
            kept.extend_from_slice(&data);
        } else if seen > MAX_DRAINED_BYTES {
            break;
        }
    }
    if seen > MAX_BYTES {
        return Err(Refusal::too_large(format!("the request body is over {MAX_BYTES} bytes")));
    }
    Ok(Bytes::from(kept))
}

/// How large a block is.
const BLOCK_BYTES: usize = 64 * 1024;

/// What is larger has memory of its own, so that little of a block is left unused.
const MAX_SHARED_BYTES: usize = BLOCK_BYTES / 16;

/// Where bodies are kept, in blocks: the log takes and forgets them in the order they came, so those of one block go
/// together, and memory for each alone would be a good part of what a request costs.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    block: Mutex<BytesMut>,
}

impl Bodies {
    /// A copy in memory that is ours.
    pub(super) fn keep(&self, body: &[u8]) -> Bytes {
        if body.len() > MAX_SHARED_BYTES {
            return Bytes::copy_from_slice(body);
        }
        let mut block = self.block.lock().unwrap_or_else(PoisonError::into_inner);
        if block.capacity() < body.len() {
            *block = BytesMut::with_capacity(BLOCK_BYTES);
        }
        block.extend_from_slice(body);
        block.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_share_a_block_until_it_is_full_and_large_ones_have_their_own() {
        let bodies = Bodies::default();
        let sizes = [1, MAX_SHARED_BYTES, 0, MAX_SHARED_BYTES + 1, 3];
        let sent = (0..).zip(sizes.into_iter().cycle().take(200));
        let sent: Vec<_> = sent.map(|(fill, size)| vec![fill; size]).collect();
        let kept: Vec<_> = sent.iter().map(|body| bodies.keep(body)).collect();
        assert_eq!(kept, sent);
        let [first, second, _, large, ..] = kept.as_slice() else {
            panic!("there are more");
        };
        assert_eq!(first.as_ptr().wrapping_add(1), second.as_ptr(), "they share a block");
        assert_ne!(second.as_ptr().wrapping_add(MAX_SHARED_BYTES), large.as_ptr());
    }
}
