//! Asks the endpoint of another process for its status.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::status::Status;

/// How long the whole may take: longer than the slowest sink may take to answer.
const WITHIN: Duration = Duration::from_secs(15);

/// Security: no status is larger.
const MAX_BYTES: usize = 4 << 20;

/// The status could not be got.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens there, or the connection broke
    #[error("cannot connect: {0}")]
    Connect(#[from] io::Error),
    /// What listens there speaks no HTTP, or stopped
    #[error("no answer: {0}")]
    Http(#[from] hyper::Error),
    /// It takes too long
    #[error("no answer in time")]
    TimedOut,
    /// The answer is none of ours
    #[error("what listens there is no admin endpoint of courier-sink ({0})")]
    Foreign(String),
}

/// Asks the endpoint at `address`.
pub async fn ask(address: SocketAddr) -> Result<Status, AskError> {
    timeout(WITHIN, get(address)).await.map_err(|_| AskError::TimedOut)?
}

async fn get(address: SocketAddr) -> Result<Status, AskError> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/status")
        .header("host", address.to_string())
        .body(Empty::<Bytes>::new())
        .expect("an address is a header's value");
    let answer = async {
        let response = sender.send_request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(AskError::Foreign(response.status().to_string()));
        }
        let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
        let body = body.map_err(|error| AskError::Foreign(error.to_string()))?.to_bytes();
        serde_json::from_slice(&body).map_err(|error| AskError::Foreign(error.to_string()))
    };
    // Correctness: the connection is driven beside the question, and dropped with the answer.
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        ended = &mut connection => {
            ended?;
            answer.await
        }
    }
}
