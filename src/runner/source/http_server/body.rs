//! A request's body off the wire: all of it, unpacked, or a refusal.

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;

use super::answer::Refusal;
use super::unpack::Unpack;
use crate::runner::source::door::Share;

/// How much of a body that is refused is still read, and thrown away, so that its sender sees the answer instead of a
/// reset connection. Security: beyond it the connection is given up.
const MAX_DRAINED_BYTES: usize = 64 << 20;

/// Reads and unpacks the body: at most `limit` bytes before and after, as much of it as `share` can grow by.
pub(super) async fn receive(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
    share: &mut Share,
) -> Result<Bytes, Refusal> {
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
        let fits = |()| if share.grow_to(unpack.len()) { Ok(()) } else { Err(Refusal::Overloaded) };
        if let Err(refusal) = taken.and_then(fits) {
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
