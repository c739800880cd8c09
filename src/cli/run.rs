//! `courier-sink run CONFIG`

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::logging::Beside;
use super::progress::Bar;
use super::traces::Traces;
use super::{complain, tell, validate};
use crate::clock::Clock;
use crate::config::Config;
use crate::courier::Class;
use crate::delivery::{Concurrency, Rate};
use crate::runner::source::Progress;
use crate::runner::{self, Context, Exit, RunError};
use crate::sink::{Expiration, SinkConfig};

/// A configuration that was loaded before anything is logged, since it says who else listens.
#[derive(Default)]
pub(super) struct Loaded {
    /// `None` if it was not
    config: Option<Result<Config, String>>,
    watch: Option<runner::Watch>,
    traces: Traces,
    /// For the subscriber of the process
    pub(super) beside: Option<Beside>,
}

impl Loaded {
    /// Loads the configuration at `path`, and starts what it wants beside the log. To be called where tokio runs.
    pub(super) fn new(path: &Path, watch_config: bool) -> Self {
        // Before it is read, so that no change is missed.
        let watch = watch_config.then(|| runner::Watch::new(path));
        let started = validate::load(path).and_then(|config| {
            let (beside, traces) =
                Traces::start(&config).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok((config, beside, traces))
        });
        match started {
            Ok((config, beside, traces)) => {
                Self { config: Some(Ok(config)), watch, traces, beside }
            }
            Err(wrong) => Self { config: Some(Err(wrong)), ..Self::default() },
        }
    }
}

/// Runs the configuration at `path`, and prints the summary.
pub(super) async fn run(path: &Path, loaded: Loaded, bar: Bar) -> anyhow::Result<Exit> {
    let Loaded { config, traces, watch, .. } = loaded;
    let config = match config.unwrap_or_else(|| validate::load(path)) {
        Ok(config) => config,
        Err(mistakes) => {
            complain(&mistakes);
            return Ok(Exit::Config);
        }
    };
    tell_start(path, &config);
    let signals = runner::signals().map_err(RunError::Signals)?;
    let hangups = runner::hangups().map_err(RunError::Signals)?;
    let loaded = path.to_owned();
    let reloads = runner::reloads(hangups, watch, &config, move || validate::load(&loaded));
    let shutdown_timeout = config.shutdown_timeout;
    let progress = Arc::new(Progress::default());
    let context = Context {
        clock: Clock::system(),
        chance: fastrand::Rng::new(),
        signals,
        reloads,
        progress: Arc::clone(&progress),
    };
    let run = Box::pin(runner::run(config, context));
    // Correctness: the bar never ends, and leaves nothing undone when the run does.
    let outcome = tokio::select! {
        outcome = run => outcome,
        () = bar.follow(progress) => return Ok(Exit::Internal),
    };
    traces.end(shutdown_timeout).await;
    bar.clear();
    Ok(match outcome {
        Ok(outcome) => {
            tell(outcome.summaries.to_string().trim_end());
            outcome.exit
        }
        Err(error) => {
            complain(&format!("{}: {error}", path.display()));
            error.exit()
        }
    })
}

/// The first lines of a run: which program, which configuration, which limits.
fn tell_start(path: &Path, config: &Config) {
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(
        version,
        config = %path.display(),
        sources = config.sources.len(),
        shutdown_timeout_secs = config.shutdown_timeout.as_secs_f64(),
        "starts"
    );
    for (name, sink) in &config.sinks {
        let settings = sink.courier.validate().unwrap_or_else(|never| match never {});
        let delivery = &settings.delivery;
        tracing::info!(
            sink = name,
            rate = delivery.rate.map_or_else(|| "none".to_owned(), rate),
            class_rates = class_rates(&delivery.class_rates),
            adaptive_rate = delivery.adaptive_rate.is_some(),
            concurrency = concurrency(delivery.concurrency),
            retry_attempts = attempts(delivery.retry.attempts),
            timeout_secs = delivery.timeout.as_secs_f64(),
            max_events = settings.buffer.max_events,
            max_bytes = settings.buffer.max_size,
            disk_max_bytes = sink.courier.disk_buffer.map(|buffer| buffer.max_size),
            ordering_max_wait_secs = settings.order.max_wait.as_secs_f64(),
            expires = expires(&settings.expiration),
            acknowledgements = sink.courier.acknowledgements,
            "its limits"
        );
    }
}

fn rate(Rate { limit, per, burst }: Rate) -> String {
    format!("{limit} in {} s, {burst} at once", per.as_secs_f64())
}

fn class_rates(rates: &[Option<Rate>; Class::ALL.len()]) -> String {
    let own = Class::ALL.iter().zip(rates);
    listed(own.filter_map(|(class, own)| Some(format!("{class}: {}", rate((*own)?)))))
}

fn expires(expiration: &Expiration) -> String {
    let after = |what: &str, after: &Duration| format!("{what}: {} s", after.as_secs_f64());
    let all = expiration.after.iter().map(|limit| after("all", limit));
    let types = expiration.by_type.iter().map(|(kind, limit)| after(kind.as_str(), limit));
    let named = expiration.by_name.iter().map(|(name, limit)| after(&format!("{name:?}"), limit));
    listed(all.chain(types).chain(named))
}

fn listed(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join("; ") }
}

fn concurrency(concurrency: Concurrency) -> String {
    match concurrency {
        Concurrency::Fixed(limit) => limit.to_string(),
        Concurrency::Adaptive(it) => format!("adaptive, at most {}", it.max_concurrency_limit),
    }
}

fn attempts(attempts: usize) -> String {
    if attempts == usize::MAX { "no limit".to_owned() } else { attempts.to_string() }
}
