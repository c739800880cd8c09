//! How an answer ends up on the wire: as it is, or bit by bit, or as noise, or not at all.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http::HeaderValue;
use http::header::{CONTENT_TYPE, HeaderMap};

use super::answer::Answer;
use crate::config::emulator::{Fault, FaultKind};

/// In how many bits a slow body comes.
const BITS: usize = 10;

/// How many bytes of noise stand in for a body.
const NOISE_BYTES: usize = 64;

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    AsItIs,
    /// The body takes so long.
    Slow(Duration),
    /// The body is noise.
    Garbage(u64),
    /// It says that it is HTML.
    Mislabelled,
    /// The connection is reset.
    Reset,
    /// There is no answer for long.
    Hang,
}

impl Ending {
    pub(super) fn new(fault: Option<&Fault>, noise: u64) -> Self {
        match fault.map(|fault| (fault.kind, fault.duration)) {
            Some((FaultKind::ResetBeforeCommit | FaultKind::ResetAfterCommit, _)) => Self::Reset,
            Some((FaultKind::Hang, _)) => Self::Hang,
            Some((FaultKind::SlowBody, duration)) => Self::Slow(duration),
            Some((FaultKind::GarbageBody, _)) => Self::Garbage(noise),
            Some((FaultKind::WrongContentType, _)) => Self::Mislabelled,
            Some((
                FaultKind::Unauthorized
                | FaultKind::Forbidden
                | FaultKind::Error500
                | FaultKind::Error503,
                _,
            ))
            | None => Self::AsItIs,
        }
    }

    /// The answer as it is sent. What is not sent at all has no business here.
    pub(super) fn of(self, mut answer: Answer) -> Response {
        match self {
            Self::Slow(duration) => return slow(&answer, duration),
            Self::Garbage(noise) => answer.body = garbage(noise),
            Self::Mislabelled => {
                answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
            }
            Self::AsItIs | Self::Reset | Self::Hang => {}
        }
        answer.into_response()
    }
}

/// No JSON and no UTF-8 begins like this.
fn garbage(noise: u64) -> Bytes {
    let mut rng = fastrand::Rng::with_seed(noise);
    std::iter::once(0xff).chain((1..NOISE_BYTES).map(|_| rng.u8(..))).collect()
}

fn slow(answer: &Answer, duration: Duration) -> Response {
    let bits: Vec<Bytes> = match answer.body.len().div_ceil(BITS) {
        0 => Vec::new(),
        size => answer.body.chunks(size).map(Bytes::copy_from_slice).collect(),
    };
    let pause = duration / u32::try_from(bits.len().max(1)).unwrap_or(1);
    let bits = stream::unfold(bits.into_iter(), move |mut bits| async move {
        let bit = bits.next()?;
        // Correctness: the timer wakes us; dropped here, the rest is not sent.
        tokio::time::sleep(pause).await;
        Some((Ok::<_, Infallible>(bit), bits))
    });
    let mut response = Response::new(Body::from_stream(bits));
    *response.status_mut() = answer.status;
    *response.headers_mut() = HeaderMap::clone(&answer.headers);
    response
}

/// The mark of an answer instead of which its connection is to be reset.
#[derive(Debug, Clone, Copy)]
struct Reset;

/// An answer instead of which its connection is to be reset; without a socket, it breaks off before its body.
pub(super) fn reset() -> Response {
    let broken = Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset));
    let mut response = Response::new(Body::from_stream(stream::iter([broken])));
    response.extensions_mut().insert(Reset);
    response
}

pub(super) fn is_reset(response: &Response) -> bool {
    response.extensions().get::<Reset>().is_some()
}
