//! RudderStack events in, Courier requests out.
//!
//! [`sink::CourierSink`] takes records (bytes that hold `identify`, `track` and `group` events), makes Courier requests
//! of them, and tells each event's end exactly once. It has two faces: a [`sink::StreamSink`] that runs on a stream,
//! and a cloneable [`tower::Service`] with a worker. It spawns nothing: whoever embeds it runs it.
//!
//! ```
//! use courier_sink::clock::Clock;
//! use courier_sink::config::CourierConfig;
//! use courier_sink::delivery::{Answer, Call, Failure, FailureKind, Outcome, Receipt};
//! use courier_sink::finalization::EventStatus::{Delivered, Rejected};
//! use courier_sink::sink::{Context, CourierSink, LogOnly, Record};
//! use std::sync::Arc;
//! use tower::{Service, ServiceBuilder, ServiceExt};
//!
//! // Courier in memory; `transport::Transport` is the one on the network.
//! let courier = tower::service_fn(|call: Call| async move {
//!     if call.request.path() == "/profiles/mallory" {
//!         let answer = Answer { status: 403, excerpt: String::new(), stored: false };
//!         let failure = Failure::without_answer(FailureKind::Refused, "not this one");
//!         return Err(Failure { answer: Some(answer), ..failure });
//!     }
//!     Ok(Receipt { status: 202, outcome: Outcome::Accepted, body: "{}".into() })
//! });
//! let block = "api_key = 'pk_test'\nbatch.timeout_secs = 0.05";
//! let settings = CourierConfig::from_toml("courier", block, &|_| None).unwrap().settings;
//! let clock = Clock::system();
//! let context = Context { dead_letters: Arc::new(LogOnly), tally: Arc::default(), seed: 7, clock };
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let (handle, worker) = CourierSink::pair(settings, courier, context);
//! let send = async move {
//!     let mut sink = ServiceBuilder::new()
//!         .map_request(|(chance, event): (u128, &'static str)| Record::new(event, chance))
//!         .service(handle);
//!     let mut responses = Vec::new();
//!     for event in (1..).zip([
//!         r#"{"type":"identify","userId":"ann","messageId":"1","traits":{"email":"a@example.com"}}"#,
//!         r#"{"type":"track","userId":"ann","messageId":"2","event":"Order Completed"}"#,
//!         r#"{"type":"identify","userId":"mallory","messageId":"3","traits":{"plan":"free"}}"#,
//!     ]) {
//!         responses.push(sink.ready().await?.call(event));
//!     }
//!     futures::future::try_join_all(responses).await
//! };
//! // The worker ends when the last handle is gone and everything has ended.
//! let (statuses, ()) = tokio::join!(send, worker.run());
//! assert_eq!(statuses, Ok(vec![Delivered, Delivered, Rejected]));
//! # });
//! ```

// · words: what everything else is said in
pub mod clock;
pub mod json;
pub mod event;
pub mod courier;
pub mod finalization;
pub mod telemetry;
pub mod journal;
pub mod tap;

// · stages: an event's way, in order
pub mod ingest;
pub mod plan;
pub mod batch;
pub mod delivery;
pub mod transport;

// · wholes: stages put together
pub mod sink;
pub mod config;

#[cfg(any(feature = "emulator", feature = "runner"))]
#[cfg_attr(
    not(all(feature = "emulator", feature = "runner")),
    expect(dead_code, reason = "each of the two that have a page needs a part of it")
)]
pub mod page;
#[cfg(feature = "emulator")]
pub mod emulator;
#[cfg(feature = "runner")]
pub mod runner;
#[cfg(feature = "runner")]
pub mod cli;
