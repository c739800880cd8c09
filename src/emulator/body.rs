//! A request's body off the wire: all of it, or a refusal when it is over Courier's limit.

use std::sync::{Mutex, PoisonError};

use axum::body::{Body, HttpBody as _};
use bytes::{Bytes, BytesMut};
use http::Method;
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

/// Where bodies are kept, in blocks, since memory for each alone would be a good part of what a request costs.
///
/// Security: one body keeps its block. So there are only those in it that the log and the page's rows take and forget in the
/// order they came: of a block that nobody else keeps something of, all goes at about the same time. What remembers longer
/// makes a copy ([`Call::own_body`]).
///
/// [`Call::own_body`]: super::call::Call::own_body
#[derive(Debug, Default)]
pub(super) struct Bodies {
    block: Mutex<BytesMut>,
}

impl Bodies {
    /// A copy in memory that is ours.
    pub(super) fn keep(&self, method: &Method, body: &[u8]) -> Bytes {
        // The page has no rows of safe methods, which would leave gaps.
        if method.is_safe() || body.is_empty() || body.len() > MAX_SHARED_BYTES {
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

    fn kept(bodies: &Bodies, method: &Method, sizes: &[usize]) -> Vec<Bytes> {
        let sent = (0..).zip(sizes).map(|(fill, size)| vec![fill; *size]);
        sent.map(|body| {
            let kept = bodies.keep(method, &body);
            assert_eq!(kept, body);
            kept
        })
        .collect()
    }

    /// How many of them stand right behind the one before.
    fn neighbours(kept: &[Bytes]) -> usize {
        let is_next = |(one, next): &(&Bytes, &Bytes)| one.as_ptr_range().end == next.as_ptr();
        kept.iter().zip(kept.iter().skip(1)).filter(is_next).count()
    }

    #[test]
    fn bodies_share_a_block_until_it_is_full() {
        // Sixteen fill a block to the last byte, and the seventeenth begins another.
        let kept = kept(&Bodies::default(), &Method::POST, &[MAX_SHARED_BYTES; 32]);
        assert_eq!(neighbours(&kept[..16]), 15);
        assert_eq!(neighbours(&kept[16..]), 15);
    }

    #[test]
    fn what_is_large_or_no_row_of_the_page_has_memory_of_its_own() {
        let bodies = Bodies::default();
        let [first, _, second] = kept(&bodies, &Method::POST, &[9, MAX_SHARED_BYTES + 1, 9])
            .try_into()
            .expect("there are three");
        assert_eq!(neighbours(&[first, second.clone()]), 1);
        kept(&bodies, &Method::GET, &[9, 0]);
        let [third] = kept(&bodies, &Method::PUT, &[9]).try_into().expect("there is one");
        assert_eq!(neighbours(&[second, third]), 1);
    }
}
