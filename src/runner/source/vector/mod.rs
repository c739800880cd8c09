//! What other Vectors send: the receiving end of Vector's native protocol, version 2.
//!
//! In: gRPC requests of events. Out: records, and for each request an answer once its events are safe. It does not know
//! what a RudderStack event is, save where one is carried as text.
//!
//! The messages of `proto/` are derived by hand instead of generated: with what is skipped and what is kept as bytes
//! little is left to generate, and nothing is needed to build it. Tests read the `.proto` files and encode by them.

mod codec;
mod convert;
mod cut;
mod json;
mod metered;
mod proto;
mod server;
mod service;

use std::net::TcpListener;

use futures::{FutureExt, StreamExt};

use super::door::{Door, DoorSettings};
use super::{Context, Opened, SourceError};
use crate::config::VectorSource;
use crate::runner::listener::{Listener, tls};
use convert::Rules;
use service::{Limits, Vector};

/// Listens, and receives once it is served. With `acknowledgements` a request is answered when its events have ended,
/// without when they are taken. Blocks on the disk; to be called within the runtime it will be served in.
pub(in crate::runner) fn open(
    settings: VectorSource,
    acknowledgements: bool,
    context: Context,
) -> Result<Opened, SourceError> {
    let Context { name, stop, chance, errors, .. } = context;
    let tls = settings.tls.as_ref().map(|files| tls::config(files, &["h2"])).transpose();
    let tls = tls.map_err(|error| SourceError::Tls { name: name.to_string(), error })?;
    let listen = |error| {
        let address = settings.address;
        SourceError::Listen { name: name.to_string(), address, error }
    };
    let listener = TcpListener::bind(settings.address).map_err(listen)?;
    let max = settings.max_connections.get();
    let listener = Listener::new(listener, max, tls).map_err(listen)?.counting(errors.clone());
    let address = listener.address().map_err(listen)?;
    let asks_clients = settings.tls.as_ref().is_some_and(|tls| tls.ca_file.is_some());
    if !address.ip().is_loopback() && !asks_clients {
        tracing::warn!(
            source = &*name,
            %address,
            "whoever can reach the address can send events: let it be reached by your own only, or set tls.ca_file"
        );
    }
    tracing::info!(source = &*name, %address, "listens for Vector");
    let (door, records) = Door::new(DoorSettings {
        acknowledgements,
        timeout: settings.door.acknowledgement_timeout,
        recent: settings.door.recent_events,
        max_in_flight_bytes: settings.door.max_in_flight_bytes,
    });
    let bounds = server::limits(&settings);
    let rules =
        Rules { except: settings.except_fields, max_event_bytes: settings.max_event_bytes.get() };
    let limits = Limits {
        max_bytes: settings.max_request_bytes.get(),
        max_events: settings.max_request_events.get(),
        body_timeout: settings.body_timeout,
    };
    let vector = Vector::new((name, settings.trust, errors), door.clone(), (rules, limits), chance);
    let closing = {
        let stop = stop.clone();
        async move {
            stop.cancelled().await;
            door.close();
        }
    };
    let serving = server::serve(listener, bounds, vector, stop);
    let serve = async { tokio::join!(serving, closing) }.map(|_| ());
    Ok(Opened::serving(records.boxed(), serve.boxed()))
}
