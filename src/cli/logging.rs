//! Logs to standard error, around the progress bar if there is one.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::args::LogFormat;
use super::environment;
use super::progress::Bar;
use crate::telemetry::TRACES;

/// What else listens to what is logged.
pub(super) type Beside = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts logging: `level`, else `RUST_LOG`, else info.
pub(super) fn start(
    level: Option<&str>,
    format: LogFormat,
    bar: Bar,
    beside: Option<Beside>,
) -> anyhow::Result<()> {
    let fallback = environment::variable("RUST_LOG").filter(|value| !value.is_empty());
    let filter = level.map(str::to_owned).or(fallback);
    let filter = filter.as_deref().unwrap_or("info");
    let filter = EnvFilter::builder()
        .parse(filter)
        .with_context(|| format!("`{filter}` is not a log level"))?;
    // Traces are no lines, however much is logged. The hint leaves it to the filter which levels cost nothing.
    let no_traces = filter_fn(|metadata| metadata.target() != TRACES);
    let filter = filter.and(no_traces.with_max_level_hint(LevelFilter::TRACE));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(format == LogFormat::Text && io::stderr().is_terminal())
        .with_writer(move || Around(bar.clone()));
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(beside).with(lines.with_filter(filter)).init();
    Ok(())
}

/// Writes above the bar.
struct Around(Bar);

impl Write for Around {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.around(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
