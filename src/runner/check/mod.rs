//! What a configuration must also be so that it can run here: checked without touching the world.

mod doubts;
mod files;
mod kept;
mod listeners;

use std::path::{Path, PathBuf};

use glob::Pattern;

pub use doubts::doubts;
pub use files::{Files, check_files};

use crate::config::{Config, Mistake, Source, SourceKind, Texts};
use kept::shared_files;
use listeners::shared_addresses;

/// Everything that is wrong, in no particular order; empty where it can run. The line of a mistake is that of its block.
pub fn check(config: &Config) -> Vec<Mistake> {
    let mut wrong = Vec::new();
    let reads_files = |kind: &SourceKind| matches!(kind, SourceKind::File(_));
    let mut sources = config.sources.values();
    let mut sinks = config.sinks.values();
    let is_needed = sources.any(|source| reads_files(&source.kind))
        || sinks.any(|sink| {
            sink.courier.dead_letter.path.is_none()
                || sink.courier.disk_buffer.is_some()
                || sink.courier.journal.is_some()
        });
    if config.data_dir.is_none() && is_needed {
        let remedy = "set it to a folder where checkpoints, dead letters and buffers can be kept";
        wrong.push(mistake(1, "data_dir".to_owned(), "is missing", remedy));
    }
    if let Some(traces) = &config.traces
        && !cfg!(feature = "opentelemetry")
    {
        let remedy = "build it with `--features opentelemetry`, or remove the block";
        let path = "traces".to_owned();
        wrong.push(mistake(traces.line, path, "this program was built without it", remedy));
    }
    wrong.extend(globs(config));
    wrong.extend(shared_stdin(config));
    wrong.extend(shared_addresses(config));
    wrong.extend(shared_files(config));
    wrong
}

fn mistake(
    line: usize,
    path: String,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> Mistake {
    let (message, remedy) = (message.into(), Some(remedy.into()));
    Mistake { path, line, column: 1, message, remedy, texts: Texts::Plain }
}

fn globs(config: &Config) -> Vec<Mistake> {
    let mut wrong = Vec::new();
    for (name, source) in &config.sources {
        let SourceKind::File(file) = &source.kind else {
            continue;
        };
        for (option, patterns) in [("include", &file.include), ("exclude", &file.exclude)] {
            for pattern in patterns {
                if let Err(error) = Pattern::new(pattern) {
                    wrong.push(mistake(
                        source.line,
                        format!("sources.{name}.{option}"),
                        format!("`{pattern}` cannot be used as a glob ({error})"),
                        "write `[[]`, `[?]` or `[*]` for the character itself",
                    ));
                }
            }
        }
    }
    wrong
}

/// There is one standard input: of two sources, each would get what the other does not.
fn shared_stdin(config: &Config) -> Vec<Mistake> {
    let mut readers = config.sources.iter().filter(|(_, it)| it.kind == SourceKind::Stdin);
    let Some((first, _)) = readers.next() else { return Vec::new() };
    let wrong = |(name, source): (&String, &Source)| {
        mistake(
            source.line,
            format!("sources.{name}.type"),
            format!("source `{first}` reads standard input already"),
            "remove one of the two and name the other in each sink's `inputs`",
        )
    };
    readers.map(wrong).collect()
}

/// Where things are kept.
#[derive(Clone, Debug)]
pub(in crate::runner) struct Places {
    data: PathBuf,
}

impl Places {
    /// The places of a configuration that [`check`] found nothing wrong with.
    pub(in crate::runner) fn new(config: &Config) -> Self {
        Self::within(config.data_dir.clone().unwrap_or_default())
    }

    /// The places in a folder.
    pub(in crate::runner) const fn within(data: PathBuf) -> Self {
        Self { data }
    }

    /// The checkpoints of a source.
    pub(in crate::runner) fn checkpoints(&self, source: &str) -> PathBuf {
        self.data.join(source).join("checkpoints.json")
    }

    /// The folder of a sink's buffer.
    pub(in crate::runner) fn buffer(&self, sink: &str) -> PathBuf {
        self.data.join(sink)
    }

    /// The journal of a sink.
    pub(in crate::runner) fn journal(&self, sink: &str) -> PathBuf {
        self.data.join(sink).join("journal.ndjson")
    }

    /// The dead letters of a sink, `path` being what is configured.
    pub(in crate::runner) fn dead_letters(&self, sink: &str, path: Option<&Path>) -> PathBuf {
        path.map_or_else(|| self.data.join(sink).join("dead-letters.ndjson"), Path::to_owned)
    }
}
