//! A client as Vector's sink is one: tonic, one request of bytes at a time.

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

/// Vector's paths.
pub(crate) const PUSH: &str = "/vector.Vector/PushEvents";
pub(crate) const HEALTH: &str = "/vector.Vector/HealthCheck";

/// One connection.
#[derive(Clone)]
pub(crate) struct Client(Channel);

impl Client {
    /// Connects to `address`, which is of an IP address and a port.
    pub(crate) async fn connect(address: &str) -> Self {
        Self(endpoint(address).connect().await.unwrap())
    }

    /// A client over `channel`.
    pub(crate) fn over(channel: Channel) -> Self {
        Self(channel)
    }

    /// Calls `path` with `message`.
    pub(crate) async fn call(
        &self,
        path: &'static str,
        message: impl Into<Bytes>,
        encoding: Option<CompressionEncoding>,
    ) -> Result<Bytes, Status> {
        let mut grpc = Grpc::new(self.0.clone());
        if let Some(encoding) = encoding {
            grpc = grpc.send_compressed(encoding);
        }
        grpc.ready().await.unwrap();
        let path = PathAndQuery::from_static(path);
        let answer = grpc.unary(Request::new(message.into()), path, Raw).await?;
        Ok(answer.into_inner())
    }

    /// Sends a request of events.
    pub(crate) async fn push(&self, request: impl Into<Bytes>) -> Result<(), Status> {
        let answer = self.call(PUSH, request, None).await?;
        assert!(answer.is_empty());
        Ok(())
    }

    /// The status that a request ends with.
    pub(crate) async fn refused(&self, request: impl Into<Bytes>) -> Code {
        self.push(request).await.unwrap_err().code()
    }
}

/// Where to connect to.
pub(crate) fn endpoint(address: &str) -> Endpoint {
    Endpoint::from_shared(format!("http://{address}")).unwrap()
}

#[derive(Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
