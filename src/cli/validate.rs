//! `courier-sink validate CONFIG...`, and loading a configuration.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{complain, environment, tell};
use crate::config::{Config, Mistakes};
use crate::runner::{Exit, check};

/// Security: a configuration larger than this is a mistake, and reading it whole would take memory for nothing.
const MAX_BYTES: u64 = 4 << 20;

/// Checks each configuration and says what is wrong with it.
pub(super) fn validate(paths: &[PathBuf]) -> Exit {
    let mut exit = Exit::Done;
    for path in paths {
        match load(path) {
            Ok(_) => tell(&format!("{}: Validated", path.display())),
            Err(mistakes) => {
                complain(&mistakes);
                exit = Exit::Config;
            }
        }
    }
    exit
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

fn load_with(path: &Path, parse: Parse) -> Result<Config, String> {
    let name = path.display().to_string();
    let text = read(path).map_err(|error| format!("{name}: cannot be read: {error}"))?;
    let config = parse(&text, &name, &environment::variable);
    let config = config.map_err(|mistakes| mistakes.to_string())?;
    let wrong = check(&config);
    if wrong.is_empty() {
        return Ok(config);
    }
    let lines: Vec<_> = wrong.iter().map(|wrong| format!("{name}:{wrong}")).collect();
    Err(lines.join("\n"))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("a configuration may take {MAX_BYTES} bytes"),
        ));
    }
    Ok(text)
}
