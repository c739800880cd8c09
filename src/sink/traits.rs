//! The traits of a sink, in the shape of vector-core's, so that a wrapper for Vector is thin.

use std::future::Future;
use std::pin::Pin;

use futures::future::BoxFuture;
use futures::stream::BoxStream;

/// A sink that takes a stream and runs until the stream has ended and all that came from it has.
pub trait StreamSink<T> {
    /// Runs the sink. Delivery trouble is never an error here: it is told to each event's finalizer.
    ///
    /// Dropping the future gives every event that has not ended the status `Errored`.
    fn run<'a>(self: Box<Self>, input: BoxStream<'a, T>) -> BoxFuture<'a, ()>
    where
        Self: 'a;
}

/// What is configured: checked without touching the world, then built.
pub trait SinkConfig {
    /// The checked configuration
    type Validated;
    /// The sink
    type Sink;
    /// Why the configuration is wrong
    type ValidateError;
    /// Why the sink cannot be built
    type BuildError;
    /// What building needs from whoever runs the sink
    type Context;

    /// Checks the configuration. Pure: no file is read, nothing is connected.
    fn validate(&self) -> Result<Self::Validated, Self::ValidateError>;

    /// Builds the sink and its health check. Reads key and certificate files; connects nothing and spawns nothing.
    fn build(
        &self,
        validated: Self::Validated,
        context: Self::Context,
    ) -> Result<(Self::Sink, Healthcheck), Self::BuildError>;
}

/// Resolves to `Ok` when Courier answers an authorised request as it should.
pub type Healthcheck = Pin<Box<dyn Future<Output = Result<(), HealthcheckError>> + Send>>;

/// Why the destination is not healthy.
#[derive(Clone, Debug, thiserror::Error)]
#[error("health check failed: {0}")]
pub struct HealthcheckError(pub crate::delivery::Failure);
