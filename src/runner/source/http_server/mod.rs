//! `http_server`: RudderStack's data-plane API as its SDKs use it, and a path for bodies of any shape.
//!
//! In: connections. Out: records through a [`Door`], and to each request the answer that makes its sender do the right
//! thing: 200 once every event is safe, 4xx for what will never be taken, 5xx for what is to be sent again. It does not
//! know what becomes of an event.

mod answer;
mod batch;
mod body;
mod by_get;
mod gateway;
mod ids;
pub(in crate::runner) mod keys;
mod query;
mod routes;
mod server;
mod unpack;
mod writer;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;

use super::door::{Door, DoorSettings};
use super::{Context, Opened, SourceError};
use crate::clock::Clock;
use crate::config::HttpServerSource;
use crate::runner::checkpoint::Follow;
use crate::runner::listener::{Listener, tls};
use crate::telemetry::{ErrorType, SourceErrors};
use answer::Refusal;
use keys::Keys;
pub use keys::KeysFileError;

/// What all requests of a source share.
#[derive(Debug)]
struct Shared {
    settings: HttpServerSource,
    name: Arc<str>,
    door: Door,
    keys: Keys,
    clock: Clock,
    chance: Mutex<fastrand::Rng>,
    errors: SourceErrors,
    /// What the log has been told of
    refused: Mutex<BTreeSet<Refusal>>,
}

/// Listens on the address of the settings. Connections wait until the source is served. Blocks on the disk; to be called
/// within the runtime it will be served in.
pub(in crate::runner) fn open(
    settings: HttpServerSource,
    follow: Follow,
    context: Context,
) -> Result<Opened, SourceError> {
    let address = settings.address;
    let name = || context.name.as_ref().to_owned();
    let listen = |error| SourceError::Listen { name: name(), address, error };
    let (keys, file) = Keys::new(&settings.write_keys)
        .map_err(|error| SourceError::WriteKeys { name: name(), error })?;
    let tls = settings.tls.as_ref().map(|files| tls::config(files, &["h2", "http/1.1"]));
    let tls = tls.transpose().map_err(|error| SourceError::Tls { name: name(), error })?;
    let listener = TcpListener::bind(address).map_err(listen)?;
    let max = settings.max_connections.get();
    let listener = Listener::new(listener, max, tls).map_err(listen)?;
    let listener = listener.counting(context.errors.clone());
    let bound = listener.address().map_err(listen)?;
    tracing::info!(source = &*context.name, address = %bound, "listens for HTTP");
    let (door, records) = Door::new(DoorSettings::new(&settings.door, follow));
    let shared = Arc::new(Shared::new(settings, keys, door, &context));
    let serve = async move {
        let stop = context.stop;
        let follow = async {
            match file {
                Some(file) => file.follow(shared.keys.clone()).await,
                None => std::future::pending().await,
            }
        };
        let close = async {
            stop.cancelled().await;
            shared.door.close();
            std::future::pending::<()>().await;
        };
        // Correctness: only the first one ends; the others are polled in place until then.
        tokio::select! {
            () = server::serve(listener, &shared, stop.clone()) => {}
            () = follow => {}
            () = close => {}
        }
        shared.door.close();
    };
    Ok(Opened::serving(records.boxed(), Box::pin(serve)))
}

impl Shared {
    fn new(settings: HttpServerSource, keys: Keys, door: Door, context: &Context) -> Self {
        let chance = Mutex::new(fastrand::Rng::with_seed(context.chance.clone().u64(..)));
        let (name, clock) = (Arc::clone(&context.name), context.clock.clone());
        let errors = context.errors.clone();
        Self { settings, name, door, keys, clock, chance, errors, refused: Mutex::default() }
    }

    /// Tells the operator of a refusal, once for each kind: clients know better than to read their answers.
    fn note(&self, refusal: Refusal, path: &str) {
        self.errors.count(ErrorType::Request);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.insert(refusal) {
            tracing::warn!(
                source = &*self.name,
                path,
                %refusal,
                "a request is refused; further ones for this reason are logged at debug level only"
            );
        } else {
            tracing::debug!(source = &*self.name, path, %refusal, "a request is refused");
        }
    }

    /// Chance for one request.
    fn chance(&self) -> fastrand::Rng {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).fork()
    }
}

#[cfg(test)]
mod tests;
