//! What is answered to whom: the calls of `proto/vector.proto`.
//!
//! In: one HTTP request of gRPC. Out: its answer, once the events in it are safe or it is known that they are not. It
//! does not know connections.
//!
//! Vector sends a request again, for as long as it takes, on every status but a few; on `INVALID_ARGUMENT`,
//! `OUT_OF_RANGE` and `UNIMPLEMENTED` it drops the request. So those are for what would be refused each time.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use prost::Message;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::codec::{CompressionEncoding, Streaming};
use tonic::server::Grpc;
use tonic::{Code, Request, Response, Status};
use tower::service_fn;

use super::codec::Raw;
use super::convert::{Converted, Rules, convert};
use super::cut::Events;
use super::metered::{Held, Metered, overloaded};
use super::proto::HealthCheckResponse;
use crate::event::{Origin, Seed, Trust};
use crate::json::Members;
use crate::runner::source::door::{Arrival, Door, Identity, Share, Verdict};
use crate::sink::Payload;
use crate::telemetry::{ErrorType, SourceErrors};

/// What a request may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Its size, before and after it is unpacked
    pub(super) max_bytes: usize,
    /// How many events are in it
    pub(super) max_events: usize,
    /// How long it may take until it is received whole
    pub(super) body_timeout: Duration,
}

/// Answers requests. Clones share everything.
#[derive(Clone, Debug)]
pub(super) struct Vector(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    name: Arc<str>,
    door: Door,
    rules: Rules,
    limits: Limits,
    trust: Trust,
    errors: SourceErrors,
    chance: Mutex<fastrand::Rng>,
    told_malformed: AtomicBool,
    told_too_large: AtomicBool,
}

/// After so many bytes of events others have their turn.
const TURN_BYTES: usize = 256 << 10;

impl Vector {
    /// Answers for the source `name`, whose events go through `door`. `chance` makes the ids of events that bring
    /// nothing to make one of.
    pub(super) fn new(
        (name, trust, errors): (Arc<str>, Trust, SourceErrors),
        door: Door,
        (rules, limits): (Rules, Limits),
        chance: fastrand::Rng,
    ) -> Self {
        let chance = Mutex::new(chance);
        let (told_malformed, told_too_large) = (AtomicBool::new(false), AtomicBool::new(false));
        Self(Arc::new(Shared {
            name,
            door,
            rules,
            limits,
            trust,
            errors,
            chance,
            told_malformed,
            told_too_large,
        }))
    }

    /// Answers one request. Dropping the future leaves what was taken in to go on.
    pub(super) async fn answer(
        self,
        request: http::Request<Incoming>,
    ) -> Result<http::Response<tonic::body::Body>, Infallible> {
        let call = match request.uri().path() {
            "/vector.Vector/PushEvents" => Call::PushEvents,
            "/vector.Vector/HealthCheck" => Call::HealthCheck,
            _ => return Ok(Status::unimplemented("there is no such call").into_http()),
        };
        let Some(share) = self.0.door.budget().take(0) else {
            return Ok(overloaded().into_http());
        };
        let held = Held::new(share);
        let request = request.map(|body| Metered::new(body, held.clone()));
        // One message is received like a stream of them, and what is wrong with it judged here: tonic's own judgement
        // would have Vector send a broken request for ever.
        let mut grpc = Grpc::new(Raw)
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd)
            .max_decoding_message_size(self.0.limits.max_bytes);
        let receive = service_fn(move |request: Request<Streaming<Bytes>>| {
            let (vector, held) = (self.clone(), held.clone());
            async move {
                let called = vector.call(call, request.into_inner(), held).await;
                called.map(Response::new).inspect_err(|status| vector.tell(status))
            }
        });
        Ok(grpc.client_streaming(receive, request).await)
    }

    async fn call(
        &self,
        call: Call,
        stream: Streaming<Bytes>,
        held: Held,
    ) -> Result<Bytes, Status> {
        let message = self.receive(stream, &held).await?;
        match call {
            Call::HealthCheck => {
                let status = i32::from(self.0.door.is_closed());
                Ok(HealthCheckResponse { status }.encode_to_vec().into())
            }
            Call::PushEvents => {
                let arrivals = self.arrivals(message, &held).await?;
                // From here on the door counts.
                let held = held.take().ok_or_else(overloaded)?;
                self.accept(arrivals, held).await
            }
        }
    }

    /// Tells the operator of what a client will not send again: the first time for each kind, since there may be many.
    fn tell(&self, status: &Status) {
        let code = status.code();
        let told = if code == Code::InvalidArgument {
            &self.0.told_malformed
        } else if code == Code::OutOfRange {
            &self.0.told_too_large
        } else {
            return;
        };
        self.0.errors.count(ErrorType::Request);
        if !told.swap(true, Ordering::Relaxed) {
            tracing::error!(
                source = &*self.0.name,
                problem = status.message(),
                "a request is refused for good, so whoever sent it drops it; further ones of this kind are not told of"
            );
        }
    }

    /// The one message of a call. Security: held as soon as it is unpacked, since its sender may be slow to end the call.
    async fn receive(&self, mut stream: Streaming<Bytes>, held: &Held) -> Result<Bytes, Status> {
        let limits = &self.0.limits;
        let receive = async {
            let message = stream.message().await?;
            let message = message.ok_or_else(|| Status::invalid_argument("there is no message"))?;
            held.grow(message.len()).await?;
            match stream.message().await? {
                None => Ok(message),
                Some(_) => Err(Status::invalid_argument("there is more than one message")),
            }
        };
        let received = timeout(limits.body_timeout, receive).await.unwrap_or_else(|_| {
            let time = limits.body_timeout.as_secs_f64();
            Err(Status::deadline_exceeded(format!("the request was not received within {time} s")))
        });
        received.map_err(|status| {
            let code = status.code();
            if matches!(code, Code::OutOfRange | Code::ResourceExhausted) {
                // Too large, as it is or unpacked.
                let problem =
                    format!("a request may take {} bytes, unpacked too", limits.max_bytes);
                Status::out_of_range(problem)
            } else if code == Code::Internal {
                // Neither framed nor packed as it says.
                Status::invalid_argument(status.message())
            } else {
                status
            }
        })
    }

    /// The events of a request. Security: what is made of them is held as well.
    // Correctness: gives way now and then, since a request may take a second, and a large one waits for room; dropped there,
    // nothing was taken in.
    async fn arrivals(&self, request: Bytes, held: &Held) -> Result<Vec<Arrival>, Status> {
        let limits = &self.0.limits;
        let (mut arrivals, mut is_sound, mut since) = (Vec::new(), false, 0);
        let mut bytes = request.len();
        let deadline = Instant::now() + limits.body_timeout;
        for event in Events::of(request) {
            let event = event.map_err(|error| Status::invalid_argument(error.to_string()))?;
            if arrivals.len() >= limits.max_events {
                let problem = format!(
                    "a request may hold {} events: lower `batch.max_events` of the sink that sends",
                    limits.max_events
                );
                return Err(Status::out_of_range(problem));
            }
            let converted = convert(&event, &self.0.rules);
            is_sound |= converted.is_sound;
            let arrival = self.arrival(converted);
            bytes = bytes.saturating_add(arrival.weight());
            let grown = timeout_at(deadline, held.grow(bytes)).await;
            grown.map_err(|_| overloaded())??;
            arrivals.push(arrival);
            since += event.len();
            if since >= TURN_BYTES {
                since = 0;
                tokio::task::yield_now().await;
            }
        }
        // Not one of them: whoever sends speaks another protocol.
        if !arrivals.is_empty() && !is_sound {
            return Err(Status::invalid_argument("no event in the request can be decoded"));
        }
        Ok(arrivals)
    }

    fn arrival(&self, converted: Converted) -> Arrival {
        let Converted { payload, seed: told, .. } = converted;
        let name = &self.0.name;
        // By what the event says of itself, which holds also where it comes on another way; else by what Vector told.
        let text = match &payload {
            Payload::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            Payload::Unreadable { .. } => None,
        };
        let identity = text.and_then(|text| Identity::of(name, &Members::of(text)));
        let identity = identity.or_else(|| Some(Identity::told(name, told?)));
        let seed = told.unwrap_or_else(|| {
            self.0.chance.lock().unwrap_or_else(PoisonError::into_inner).u128(..)
        });
        Arrival {
            payload,
            identity,
            origin: Origin {
                name: Arc::clone(name),
                line: None,
                seed: Seed::Random(seed),
                trust: self.0.trust,
            },
        }
    }

    async fn accept(&self, arrivals: Vec<Arrival>, held: Share) -> Result<Bytes, Status> {
        match self.0.door.accept(arrivals, held).await {
            Verdict::Safe => Ok(Bytes::new()),
            Verdict::Errored => Err(Status::unavailable(
                "not every event could be delivered: send the request again",
            )),
            Verdict::Late => Err(Status::unavailable(
                "not every event is delivered yet: send the request again to hear of it",
            )),
            Verdict::Overloaded => Err(overloaded()),
            Verdict::Closed => {
                Err(Status::unavailable("the source is stopping: send the request again later"))
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Call {
    PushEvents,
    HealthCheck,
}
