//! `courier-sink validate CONFIG...`, and loading a configuration.

mod diagnostic;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::args::validate::Validate;
use super::table::{plain, table};
use super::{complain, environment, tell};
use crate::config::{Config, Mistake, Mistakes, locate, share_texts};
use crate::runner::{Exit, Files, Finding, Verdict, check, check_files, doubts, look_around};
use diagnostic::Level;

/// Security: a configuration larger than this is a mistake, and reading it whole would take memory for nothing.
const MAX_BYTES: u64 = 4 << 20;

/// Checks each configuration and shows what is wrong with it.
pub(super) async fn validate(options: &Validate) -> Exit {
    let mut exit = Exit::Done;
    for path in &options.configs {
        let name = path.display().to_string();
        let text = match read(path) {
            Ok(text) => text,
            Err(problem) => {
                complain(&problem);
                exit = Exit::Config;
                continue;
            }
        };
        let show = |level, mistakes: &[Mistake]| {
            for mistake in mistakes {
                complain(&diagnostic::show(level, &name, &text, mistake));
            }
        };
        let (config, Files { wrong, doubtful }) = found(&text, options);
        show(Level::Error, &wrong);
        show(Level::Warning, &doubtful);
        match config {
            Some(config) if wrong.is_empty() && (!options.environment || is_fit(&config).await) => {
                tell(&format!("{name}: Validated"));
            }
            Some(_) | None => exit = Exit::Config,
        }
    }
    exit
}

/// What can be read of a configuration, and all that is wrong with it or doubtful, of each stage in the order of the text.
/// What is said of an option once is not said again by a later stage, which may know it by its default only.
fn found(text: &str, options: &Validate) -> (Option<Config>, Files) {
    let (config, wrong) = Config::parse_partly(text, &environment::variable);
    let mut all = Files { wrong, ..Files::default() };
    if let Some(config) = &config {
        let files = if options.no_files { Files::default() } else { check_files(config) };
        for more in [check(config), files.wrong] {
            add(text, more, &all.wrong.clone(), &mut all.wrong);
        }
        for more in [files.doubtful, doubts(config)] {
            add(text, more, &all.wrong, &mut all.doubtful);
        }
    }
    share_texts(all.wrong.iter_mut().chain(&mut all.doubtful));
    (config, all)
}

/// Adds those of `more` to `all` that are about other options than those in `known`.
fn add(text: &str, mut more: Vec<Mistake>, known: &[Mistake], all: &mut Vec<Mistake>) {
    more.retain(|new| known.iter().all(|known| known.path != new.path));
    place(text, &mut more);
    all.extend(more);
    all.sort_by_key(|mistake| (mistake.line, mistake.column));
}

/// Looks at the world around `config` and tells what it finds; whether a run would deliver.
async fn is_fit(config: &Config) -> bool {
    let mut is_fit = true;
    let mut rows = Vec::new();
    let mut add = |finding: Finding| {
        let Finding { about, what, verdict, detail, remedy } = finding;
        is_fit &= verdict != Verdict::Bad;
        let said = match remedy {
            Some(remedy) => format!("{detail}: {remedy}"),
            None => detail,
        };
        rows.push([verdict.to_string(), about, what.to_owned(), plain(&said)]);
    };
    look_around(config, &mut add).await;
    tell(&table(&rows));
    is_fit
}

/// Reads and checks the configuration at `path`; an error is all that is wrong with it, one mistake a line.
pub(super) fn load(path: &Path) -> Result<Config, String> {
    load_with(path, Config::parse)
}

/// The same for whoever needs no keys.
pub(super) fn load_without_keys(path: &Path) -> Result<Config, String> {
    load_with(path, Config::parse_without_keys)
}

type Parse = fn(&str, &str, &dyn Fn(&str) -> Option<String>) -> Result<Config, Mistakes>;

fn load_with(path: &Path, how: Parse) -> Result<Config, String> {
    let name = path.display().to_string();
    let text = read(path)?;
    parse(&text, &name, how).map_err(|mistakes| {
        let lines: Vec<_> = mistakes.iter().map(|mistake| format!("{name}:{mistake}")).collect();
        lines.join("\n")
    })
}

/// What cannot be right wherever it runs.
fn parse(text: &str, name: &str, how: Parse) -> Result<Config, Vec<Mistake>> {
    let config = how(text, name, &environment::variable)
        .map_err(|mistakes| mistakes.iter().cloned().collect::<Vec<_>>())?;
    let mut wrong = check(&config);
    place(text, &mut wrong);
    if wrong.is_empty() { Ok(config) } else { Err(wrong) }
}

/// Puts mistakes that know their option where it is written.
fn place(text: &str, mistakes: &mut [Mistake]) {
    for mistake in mistakes.iter_mut() {
        if let Some((line, column)) = locate(text, &mistake.path) {
            (mistake.line, mistake.column) = (line, column);
        }
    }
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
}

/// The text of the configuration at `path`; an error says why there is none, in one line, whichever command wants it.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let problem = |why: &dyn fmt::Display| format!("{}: cannot be read: {why}", path.display());
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| problem(&error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(problem(&format_args!("a configuration may take {MAX_BYTES} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let text = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = text.split(|byte| *byte == b'\n').count();
        problem(&format_args!("line {line} is not UTF-8 text"))
    })
}
