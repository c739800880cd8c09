//! From a checked block to a sink: the vector-core-style [`SinkConfig`].

use std::convert::Infallible;

use super::{BuildError, CourierConfig};
use crate::sink::{Context, CourierSink, Healthcheck, Settings, SinkConfig, healthcheck};
use crate::transport::Transport;

impl SinkConfig for CourierConfig {
    type Validated = Settings;
    type Sink = CourierSink<Transport>;
    type ValidateError = Infallible;
    type BuildError = BuildError;
    type Context = Context;

    /// Never fails: a `CourierConfig` only comes from text that was checked whole.
    fn validate(&self) -> Result<Settings, Infallible> {
        Ok(self.settings.clone())
    }

    fn build(
        &self,
        validated: Settings,
        context: Context,
    ) -> Result<(CourierSink<Transport>, Healthcheck), BuildError> {
        let transport = Transport::new(&self.transport_settings()?)?;
        let check = if self.healthcheck.enabled {
            healthcheck(transport.clone(), self.healthcheck.timeout)
        } else {
            Box::pin(std::future::ready(Ok(())))
        };
        Ok((CourierSink::new(validated, transport, context), check))
    }
}
