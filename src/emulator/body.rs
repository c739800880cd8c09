//! A request's body off the wire: all of it, or a refusal when it is over Courier's limit.

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;

use super::answer::Refusal;

/// Courier's limit on every request body: "6 MB", read as MiB since AWS Lambda's is.
const MAX_BYTES: usize = 6 * 1024 * 1024;

/// How much of an oversized body is still read, and thrown away, so that its sender sees the 413
/// instead of a reset connection. Security: beyond it the connection is given up.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;

/// Reads the body into memory of its own: frames are slices of the connection's larger buffers,
/// which the log would keep alive.
pub(super) async fn receive(mut body: Body) -> Result<Bytes, Refusal> {
    let mut kept = Vec::new();
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::bad_request("the request body broke off"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.len());
        if seen <= MAX_BYTES {
            kept.extend_from_slice(&data);
        } else if seen > MAX_DRAINED_BYTES {
            break;
        }
    }
    if seen > MAX_BYTES {
        return Err(Refusal::too_large(format!("the request body is over {MAX_BYTES} bytes")));
    }
    // Without the spare room it grew by: the log counts bytes, not capacity.
    Ok(Bytes::from(kept.into_boxed_slice()))
}
