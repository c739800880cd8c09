//! `courier-sink plan CONFIG [FILE]`: the requests that events would become. Nothing is sent, and no key is read.
//!
//! In: recorded events and one configuration, or two to compare. Out: a line an event, then the totals of each sink. It
//! asks the stages themselves (`ingest`, `plan`, `transport::encode`), so what it shows is what a run would send first;
//! what waits for its turn may still be merged with its neighbours.

mod difference;
mod entry;
mod input;
mod lines;
mod people;
mod request;
mod sinks;
mod totals;

use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::args::plan::Plan;
use super::{complain, validate};
use crate::clock::{Clock, Time};
use crate::event::Trust;
use crate::runner::Exit;
use entry::Entry;
use input::{Input, Problem};
use sinks::Sinks;

/// How entries and totals are told.
type Tell = dyn Fn(&mut dyn Write, &Entry) -> io::Result<()>;

/// Plans, or compares two plans.
pub(super) fn run(options: &Plan) -> Exit {
    let (mut sinks, other) = match load(options) {
        Ok(loaded) => loaded,
        Err((problem, exit)) => {
            complain(&problem);
            return exit;
        }
    };
    let trust = if options.untrusted { Trust::Untrusted } else { Trust::Trusted };
    let max_bytes = sinks.max_line_bytes;
    let mut input = match Input::open(&options.input, trust, max_bytes) {
        Ok(input) => input,
        Err(problem) => {
            complain(&problem.to_string());
            return Exit::Source;
        }
    };
    // Locked once and buffered: a million events are a million lines.
    let mut out = BufWriter::new(io::stdout().lock());
    let now = (!options.ignore_expiry).then(|| Clock::system().now());
    let done = match other {
        Some(mut other) => {
            let exit = difference::run(&mut sinks, &mut other, &mut input, now, options, &mut out);
            exit.map(|()| other.has_rejected())
        }
        None => plan(&mut sinks, &mut input, now, options, &mut out).map(|()| sinks.has_rejected()),
    };
    match done.and_then(|rejected| out.flush().map_err(Stopped::from).map(|()| rejected)) {
        Ok(true) => Exit::Rejected,
        // Whoever reads has seen enough.
        Ok(false) | Err(Stopped::Output(_)) => Exit::Done,
        Err(Stopped::Input(problem)) => {
            drop(out);
            complain(&problem.to_string());
            Exit::Source
        }
    }
}

/// Why there are no more lines.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error(transparent)]
    Input(#[from] Problem),
    #[error(transparent)]
    Output(#[from] io::Error),
}

fn load(options: &Plan) -> Result<(Sinks, Option<Sinks>), (String, Exit)> {
    let load = |path: &Path| {
        let config = validate::load_without_keys(path).map_err(|wrong| (wrong, Exit::Config))?;
        let wanted = options.sink.as_deref();
        Sinks::new(&config, wanted).ok_or_else(|| {
            let name = wanted.unwrap_or_default();
            (format!("{}: there is no sink `{name}`", path.display()), Exit::Usage)
        })
    };
    let sinks = load(&options.config)?;
    let other = options.diff.as_deref().map(load).transpose()?;
    Ok((sinks, other))
}

fn plan(
    sinks: &mut Sinks,
    input: &mut Input,
    now: Option<Time>,
    options: &Plan,
    out: &mut dyn Write,
) -> Result<(), Stopped> {
    let tell: &Tell = if options.pretty { &people::entry } else { &lines::entry };
    for record in input {
        let record = record?;
        for entry in sinks.plan(&record, now) {
            tell(out, &entry)?;
        }
    }
    for sink in sinks.iter() {
        if options.pretty {
            people::totals(out, sink)?;
        } else {
            lines::totals(out, sink)?;
        }
    }
    Ok(())
}
