//! The emulator of a configuration, inside the same process.

use std::net::SocketAddr;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::RunError;
use crate::config::{CourierConfig, EmulatorConfig};
use crate::emulator::{Emulator, Settings};
use crate::transport::BaseUrl;

/// A running emulator, or none; it ends when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Emulated(Option<Running>);

#[derive(Debug)]
struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Starts the emulator, if there is to be one.
pub(super) async fn start(config: Option<&EmulatorConfig>) -> Result<Emulated, RunError> {
    let Some(config) = config else {
        return Ok(Emulated::default());
    };
    let failed = |error| RunError::Emulator { address: config.address, error };
    let settings = Settings::from(config.clone());
    let emulator = Emulator::bind(settings).await.map_err(failed)?;
    let address = emulator.local_addr();
    tracing::info!(%address, "the emulated Courier listens");
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    let task = tokio::spawn(async move {
        if let Err(error) = emulator.serve(stopped).await {
            tracing::error!(%error, "the emulated Courier has failed");
        }
    });
    Ok(Emulated(Some(Running { address, stop, task })))
}

impl Emulated {
    /// Points `courier` at it, unless an `endpoint` was written, which the configuration lets be nothing but loopback
    /// here: `address` may leave the port open.
    pub(super) fn point(&self, mut courier: CourierConfig) -> CourierConfig {
        if let Some(Running { address, .. }) = &self.0
            && !courier.is_endpoint_written
        {
            courier.endpoint = BaseUrl::new(&format!("http://{address}"))
                .expect("a socket address is a URL's authority");
            // What is meant for the way to Courier would not find a loopback address.
            courier.proxy.enabled = false;
        }
        courier
    }

    /// Ends it, and waits until it has.
    pub(super) async fn end(mut self) {
        if let Some(running) = &mut self.0 {
            running.stop.cancel();
            // A panic in there was printed; there is nothing left to end.
            let _ = (&mut running.task).await;
        }
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        if let Some(running) = &self.0 {
            running.stop.cancel();
        }
    }
}
