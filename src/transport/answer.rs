//! Reading an answer's body, never more of it than is worth having.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;

/// Security: how much is read of an answer whose body is not the point: enough for any error Courier sends and to let
/// the connection be used again.
pub(super) const MAX_PREFIX_BYTES: usize = 64 * 1024;

/// How long to wait for such a body. The status has decided already; waiting until the attempt times out would make a
/// failure of a success.
const PREFIX_TIMEOUT: Duration = Duration::from_secs(2);

/// A body that was needed and is not there.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError<E> {
    /// It is too large
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// It broke off
    #[error(transparent)]
    Broken(E),
}

/// The whole of `body`, if it has at most `cap` bytes.
pub(super) async fn whole<B>(mut body: B, cap: usize) -> Result<Bytes, ReadError<B::Error>>
where
    B: Body<Data = Bytes> + Unpin,
{
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > cap {
        return Err(ReadError::TooLarge(cap));
    }
    let mut read = BytesMut::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        // Trailers say nothing here.
        if let Ok(data) = frame.map_err(ReadError::Broken)?.into_data() {
            // Security: checked before it is kept, so an endless body costs no more than the cap.
            if data.len() > cap - read.len() {
                return Err(ReadError::TooLarge(cap));
            }
            read.extend_from_slice(&data);
        }
    }
    Ok(read.freeze())
}

/// The first [`MAX_PREFIX_BYTES`] of `body`, or as many as arrive before it breaks off or dawdles.
pub(super) async fn prefix<B>(mut body: B) -> Bytes
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut read = BytesMut::new();
    // Correctness: `read` outlives the reading, so what arrived before the limit is kept.
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            if let Ok(data) = frame.into_data() {
                let room = MAX_PREFIX_BYTES - read.len();
                if data.len() > room {
                    read.extend_from_slice(&data.slice(..room));
                    return;
                }
                read.extend_from_slice(&data);
            }
        }
    };
    // Too late is as good as broken off: what is there has to do.
    let _ = tokio::time::timeout(PREFIX_TIMEOUT, reading).await;
    read.freeze()
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    use super::*;

    fn chunks(
        chunks: Vec<Result<Bytes, &'static str>>,
    ) -> StreamBody<impl stream::Stream<Item = Result<Frame<Bytes>, &'static str>>> {
        StreamBody::new(stream::iter(chunks.into_iter().map(|chunk| chunk.map(Frame::data))))
    }

    fn zeros(count: usize) -> Bytes {
        vec![0; count].into()
    }

    #[tokio::test]
    async fn a_needed_body_is_whole_or_an_error() {
        let pieces = || vec![Ok(zeros(3)), Ok(zeros(2))];
        assert_eq!(whole(chunks(pieces()), 5).await.unwrap().len(), 5);
        let error = whole(chunks(pieces()), 4).await.unwrap_err();
        assert_eq!(error.to_string(), "the body is larger than 4 bytes");
        let error = whole(Full::new(zeros(5)), 4).await.unwrap_err();
        assert!(matches!(error, ReadError::TooLarge(4)));
        let error = whole(chunks(vec![Ok(zeros(3)), Err("cut")]), 5).await.unwrap_err();
        assert!(matches!(error, ReadError::Broken("cut")));
    }

    #[tokio::test(start_paused = true)]
    async fn of_another_body_the_beginning_will_do() {
        let read = prefix(chunks(vec![Ok(zeros(3)), Err("cut")])).await;
        assert_eq!(read.len(), 3);
        let endless = stream::repeat_with(|| Ok::<_, &str>(Frame::data(zeros(1000))));
        assert_eq!(prefix(StreamBody::new(endless)).await.len(), 65_536);
        let mut hanging = vec![Ok(zeros(7))].into_iter();
        let hanging = stream::poll_fn(move |_| match hanging.next() {
            Some(chunk) => {
                std::task::Poll::Ready(Some(chunk.map(Frame::data).map_err(|error: &str| error)))
            }
            None => std::task::Poll::Pending,
        });
        assert_eq!(prefix(StreamBody::new(hanging)).await.len(), 7);
    }
}
