//! What others take from the program and begin with: a configuration, its schema, completions, manual pages.

use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::generate::{Generate, Source};
use super::complain;
use crate::config::SCHEMA;
use crate::runner::Exit;

const ALL: &str = include_str!("../../../config-examples/production.toml");
const BEFORE: &str = include_str!("before.toml");
const SINK: &str = include_str!("sink.toml");

/// Prints a configuration to begin with.
pub(super) fn generate(options: &Generate) -> Exit {
    print(&if options.all { ALL.to_owned() } else { start(options.source) })
}

/// A configuration with one source and one sink.
fn start(source: Source) -> String {
    let source = match source {
        Source::File => include_str!("file.toml"),
        Source::HttpServer => include_str!("http_server.toml"),
        Source::Vector => include_str!("vector.toml"),
        Source::Stdin => include_str!("stdin.toml"),
    };
    [BEFORE, source, SINK].join("\n")
}

/// Prints the JSON Schema of configurations.
pub(super) fn schema() -> Exit {
    print(SCHEMA)
}

/// Prints what makes `shell` complete the command line.
pub(super) fn completions(shell: Shell, mut command: Command) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "courier-sink", &mut text);
    print(&String::from_utf8_lossy(&text))
}

/// Prints the first manual page, or writes those of all commands to `folder`.
pub(super) fn man(folder: Option<&Path>, command: Command) -> Exit {
    let Some(folder) = folder else {
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let _ = Man::new(command).render(&mut text);
        return print(&String::from_utf8_lossy(&text));
    };
    let written = std::fs::create_dir_all(folder);
    match written.and_then(|()| clap_mangen::generate_to(command, folder)) {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(&format!("{}: cannot be written to: {error}", folder.display()));
            Exit::Internal
        }
    }
}

fn print(text: &str) -> Exit {
    // Were the reader gone, there would be nobody to tell.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Exit::Done
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::config::{Config, SourceKind};
    use crate::runner::check;

    #[test]
    fn what_one_begins_with_has_no_mistake() {
        for source in Source::value_variants() {
            let text = start(*source);
            let config = Config::parse(&text, "generated.toml", &|_| None);
            let config = config.unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
            assert_eq!(check(&config), []);
        }
    }

    #[test]
    fn webhooks_are_told_where_they_are_taken() {
        let text = start(Source::HttpServer);
        let config = Config::parse(&text, "generated.toml", &|_| None).unwrap();
        let source = config.sources.into_values().next().unwrap();
        let SourceKind::HttpServer(server) = source.kind else { panic!("it is the one asked for") };
        assert!(text.contains(&format!(" http://{}{}\n", server.address, server.path)), "{text}");
    }
}
