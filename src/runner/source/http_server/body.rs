//! A request's body off the wire: all of it, unpacked, or a refusal.

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Body as _;

use super::answer::Refusal;
use super::unpack::Unpack;
use crate::runner::source::door::Share;

/// How much of a body that is refused is still read, and thrown away, so that its sender sees the answer instead of a
/// reset connection. Security: beyond it the connection is given up.
const MAX_DRAINED_BYTES: usize = 64 << 20;

/// Reads and unpacks the body: at most `limit` bytes before and after, as much of it as `share` can grow by. A large one
/// waits for room.
// Correctness: the body wakes us, or what gives room back. Dropped at either, the share is given back with its owner.
pub(super) async fn receive(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
    share: &mut Share,
) -> Result<Bytes, Refusal> {
    if let Some(length) = body.size_hint().exact() {
        share.announce(usize::try_from(length).unwrap_or(limit).min(limit));
    }
    let mut unpack = Unpack::new(headers, limit);
    let mut received = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::BrokenBody)?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        received = received.saturating_add(piece.len());
        let taken = match received {
            // Security: what unpacks to nothing would never end otherwise.
            received if received > limit => Err(Refusal::TooLarge),
            _ => unpack.push(&piece),
        };
        let taken = match taken {
            Ok(()) if share.grow(unpack.len()).await => Ok(()),
            Ok(()) => Err(Refusal::Overloaded),
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = taken {
            drop(unpack);
            drain(body).await;
            return Err(refusal);
        }
    }
    unpack.finish().map(Bytes::from)
}

/// Reads a body that nobody wants.
pub(super) async fn drain(mut body: Body) {
    let mut drained = 0_usize;
    while drained <= MAX_DRAINED_BYTES {
        let Some(Ok(frame)) = body.frame().await else { return };
        drained = drained.saturating_add(frame.data_ref().map_or(0, Bytes::len));
    }
}
