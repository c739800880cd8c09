//! Logs to standard error, around the progress bar if there is one.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use super::args::LogFormat;
use super::environment;
use super::progress::Bar;

/// Starts logging: `level`, else `RUST_LOG`, else info.
pub(super) fn start(level: Option<&str>, format: LogFormat, bar: Bar) -> anyhow::Result<()> {
    let fallback = environment::variable("RUST_LOG").filter(|value| !value.is_empty());
    let filter = level.map(str::to_owned).or(fallback);
    let filter = filter.as_deref().unwrap_or("info");
    let filter = EnvFilter::builder()
        .parse(filter)
        .with_context(|| format!("`{filter}` is not a log level"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(format == LogFormat::Text && io::stderr().is_terminal())
        .with_writer(move || Around(bar.clone()));
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
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
