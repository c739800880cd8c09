//! What a run sends to a collector beside its log, in a build that can.

use std::time::Duration;

use super::logging::Beside;
use crate::config::Config;
#[cfg(feature = "opentelemetry")]
use crate::runner::traces;

/// The longest a collector may keep a run that is done from ending.
const LAST_SPANS_WITHIN: Duration = Duration::from_secs(5);

/// Spans being sent, if any are.
#[derive(Default)]
pub(super) struct Traces {
    #[cfg(feature = "opentelemetry")]
    sending: Option<traces::Traces>,
}

impl Traces {
    /// Starts to send, if `config` wants that. To be called where tokio runs.
    #[cfg(feature = "opentelemetry")]
    pub(super) fn start(config: &Config) -> Result<(Option<Beside>, Self), String> {
        let Some(config) = &config.traces else { return Ok((None, Self::default())) };
        let (layer, sending) = traces::Traces::start(config).map_err(|error| error.to_string())?;
        Ok((Some(layer), Self { sending: Some(sending) }))
    }

    /// Nothing: a configuration that wants traces was refused.
    #[cfg(not(feature = "opentelemetry"))]
    #[expect(clippy::unnecessary_wraps, reason = "as with the feature, where it can fail")]
    pub(super) fn start(_config: &Config) -> Result<(Option<Beside>, Self), String> {
        Ok((None, Self::default()))
    }

    /// Sends what is left: a run that is done waits for that no longer than for what was under way.
    #[cfg_attr(
        not(feature = "opentelemetry"),
        expect(clippy::unused_async, reason = "as with the feature, where it waits")
    )]
    pub(super) async fn end(self, shutdown_timeout: Duration) {
        let within = shutdown_timeout.min(LAST_SPANS_WITHIN);
        #[cfg(feature = "opentelemetry")]
        if let Some(sending) = self.sending {
            sending.end(within).await;
        }
        let _ = within;
    }
}
