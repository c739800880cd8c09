//! Whoever wants to see each exchange as it happens: tests that hold all of them to a contract.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::log::LoggedRequest;

/// A request and what Courier says to it. A fault that spoils the answer on its way is named by the request; the answer
/// here is what it spoils.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The request; its status is unset while its answer waits.
    pub request: LoggedRequest,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The answer's body.
    pub body: Bytes,
}

type Observe = Box<dyn Fn(&Exchange) + Send + Sync>;

/// What is called with each exchange.
pub(super) struct Observer(pub(super) Observe);

impl fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Observer")
    }
}
