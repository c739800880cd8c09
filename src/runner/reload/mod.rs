//! Another configuration for a run that goes on: taken whole, or refused whole with everything that is wrong.
//!
//! In: configurations, each checked, and handles to the sinks that run. Out: sinks with other settings, keys and
//! certificates. It does not know where configurations are from; `arrivals` does.

mod arrivals;
mod not_live;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{Instrument, Span};

use super::api::ShownSink;
use super::key_file::{KeyFile, Leave};
use crate::config::{ApiKeySource, Config, CourierConfig};
use crate::delivery::Gate;
use crate::plan::Rules;
use crate::sink::{CourierSink, Reload};
use crate::transport::{Tls, Transport};
pub use arrivals::reloads;
use not_live::not_live;

/// All sinks of a run, and what they were configured by.
pub(super) struct Reloader {
    config: Config,
    sinks: BTreeMap<String, Live>,
}

/// What can be exchanged of one sink.
pub(super) struct Live {
    /// As it runs: beside an emulator, pointed at that
    courier: CourierConfig,
    reload: Reload,
    transport: Transport,
    gate: Arc<Gate>,
    /// By which it plans, told to whoever shows it
    rules: watch::Sender<Arc<Rules>>,
    span: Span,
    /// Looks after the key, if that is in a file
    key: JoinSet<()>,
    /// Lets it
    leave: Leave,
}

/// What one sink will have once everything of the configuration is known to be good.
struct Prepared {
    courier: CourierConfig,
    /// Another way to Courier, if it is or may be another
    transport: Option<Transport>,
    /// Whether the key is from elsewhere
    is_other_key: bool,
    /// The file to follow then, if it is one
    key_file: Option<KeyFile>,
}

impl Live {
    /// The handles of a sink, whose key is followed once [`Live::follow_key`] says where it is.
    pub(super) fn new(courier: CourierConfig, sink: &CourierSink<Transport>, span: Span) -> Self {
        let (reload, transport, gate) = (sink.reload(), sink.transport(), sink.gate());
        let leave = Leave::new(transport.api_keys());
        let rules = watch::Sender::new(Arc::new(courier.settings.rules.clone()));
        Self { courier, reload, transport, gate, rules, span, key: JoinSet::new(), leave }
    }

    /// Follows a key file, or none. None may be followed yet, or no more.
    pub(super) fn follow_key(&mut self, file: Option<KeyFile>) {
        if let Some(file) = file {
            self.leave = Leave::new(self.transport.api_keys());
            let follow = file.follow(self.leave.clone(), Arc::clone(&self.gate));
            self.key.spawn(follow.instrument(self.span.clone()));
        }
    }

    /// What the page of events shows of it, now and as it changes.
    pub(super) fn shown(&self, name: &str) -> ShownSink {
        let keys = self.transport.api_keys();
        ShownSink { name: name.into(), rules: self.rules.subscribe(), keys }
    }

    /// Reads what `written` names, and changes nothing. Blocks on the disk.
    fn prepare(&self, name: &str, written: &CourierConfig) -> Result<Prepared, String> {
        let failed = |error: &dyn std::fmt::Display| format!("sinks.{name}: {error}");
        let mut courier = written.clone();
        if courier.endpoint != self.courier.endpoint {
            // Written it is the same, so this one was pointed at the emulator.
            courier.endpoint = self.courier.endpoint.clone();
            courier.proxy.enabled = self.courier.proxy.enabled;
        }
        self.reload.check(&courier.settings).map_err(|error| failed(&error))?;
        let before = &self.courier;
        let is_other_key = !is_same_key(&before.api_key, &courier.api_key);
        // Before the key is read, so that no change is missed.
        let key_file = if is_other_key { KeyFile::new(&courier.api_key) } else { None };
        let is_same_way = before.connect_timeout == courier.connect_timeout
            && before.proxy == courier.proxy
            && before.tls == courier.tls
            && certificates(&courier.tls).next().is_none();
        let transport = if is_same_way && !is_other_key {
            None
        } else {
            let settings = courier.transport_settings().map_err(|error| failed(&error))?;
            Some(Transport::new(&settings).map_err(|error| failed(&error))?)
        };
        Ok(Prepared { courier, transport, is_other_key, key_file })
    }

    fn take_over(&mut self, prepared: Prepared) {
        let Prepared { courier, transport, is_other_key, key_file } = prepared;
        if let Some(transport) = transport {
            // The key of a file that is followed may be newer by now than what was read with the certificates.
            if is_other_key {
                self.key.abort_all();
                // A look at the file from before may be under way, and is not aborted.
                self.leave.withdraw();
                self.transport.exchange_key(&transport);
            }
            self.transport.exchange(&transport);
            self.gate.probe_now();
        }
        if is_other_key {
            self.follow_key(key_file);
        }
        let taken = self.reload.set(courier.settings.clone());
        debug_assert!(taken.is_ok(), "it was checked");
        self.rules.send_replace(Arc::new(courier.settings.rules.clone()));
        self.courier = courier;
    }
}

impl Reloader {
    /// For a run of `config` with these sinks.
    pub(super) const fn new(config: Config, sinks: BTreeMap<String, Live>) -> Self {
        Self { config, sinks }
    }

    /// Takes each configuration that comes, or says why not. Never ends; may be dropped at any time, which ends what looks
    /// after the keys.
    pub(super) async fn follow(self, mut configs: BoxStream<'static, Config>) {
        let own = Arc::new(Mutex::new(self));
        while let Some(config) = configs.next().await {
            let shared = Arc::clone(&own);
            let prepared = tokio::task::spawn_blocking(move || {
                let prepared = lock(&shared).prepare(&config);
                prepared.map(|prepared| (prepared, config))
            });
            match prepared.await {
                Ok(Ok((prepared, config))) => {
                    lock(&own).take_over(prepared, config);
                    tracing::info!(
                        "the configuration was loaded again: what was not begun is planned anew"
                    );
                }
                Ok(Err(wrong)) => refused(&wrong.join("\n")),
                Err(error) if error.is_panic() => refused(PANICKED),
                // The runtime is going.
                Err(_) => return,
            }
        }
        // The keys are looked after for as long as it runs.
        std::future::pending::<()>().await;
    }

    /// All sinks' new parts, or everything that is wrong.
    fn prepare(&self, config: &Config) -> Result<Vec<(String, Prepared)>, Vec<String>> {
        let mut wrong = not_live(&self.config, config);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let mut all = Vec::new();
        for (name, live) in &self.sinks {
            let Some(sink) = config.sinks.get(name) else { continue };
            match live.prepare(name, &sink.courier) {
                Ok(prepared) => all.push((name.clone(), prepared)),
                Err(error) => wrong.push(error),
            }
        }
        if wrong.is_empty() { Ok(all) } else { Err(wrong) }
    }

    fn take_over(&mut self, prepared: Vec<(String, Prepared)>, config: Config) {
        for (name, prepared) in prepared {
            if let Some(sink) = self.sinks.get_mut(&name) {
                sink.take_over(prepared);
            }
        }
        self.config = config;
    }
}

/// Preparing changes nothing, so a panic in there leaves nothing half done.
fn lock(own: &Mutex<Reloader>) -> MutexGuard<'_, Reloader> {
    own.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is said of a configuration that could not even be refused.
const PANICKED: &str = "the program has panicked while it was read, and says where above";

/// Says that a configuration is not taken, and why: one mistake a line.
fn refused(wrong: &str) {
    tracing::error!(
        "the configuration was not loaded again, the one from before stays in use:\n{wrong}"
    );
}

/// The files that `tls` names.
fn certificates(tls: &Tls) -> impl Iterator<Item = &std::path::PathBuf> {
    [&tls.ca_file, &tls.crt_file, &tls.key_file].into_iter().flatten()
}

/// Whether the key is from the same place; what is in a file is looked after anyway.
fn is_same_key(before: &ApiKeySource, now: &ApiKeySource) -> bool {
    match (before, now) {
        (ApiKeySource::File(before), ApiKeySource::File(now)) => before == now,
        (ApiKeySource::Inline(before), ApiKeySource::Inline(now)) => before == now,
        (ApiKeySource::File(_), ApiKeySource::Inline(_))
        | (ApiKeySource::Inline(_), ApiKeySource::File(_)) => false,
    }
}
