//! `courier-sink why MESSAGE_ID CONFIG|FILE...`: one event's life, out of the journals of its sinks.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::why::Why;
use super::table::{plain, table};
use super::{complain, tell, validate};
use crate::runner::Exit;
use crate::runner::journal::{Life, Line, find, journals};

/// Tells what the journals hold of the event.
pub(super) fn run(options: &Why) -> Exit {
    let mut exit = Exit::Source;
    let mut is_known = false;
    for path in &options.paths {
        let places = match places(path) {
            Ok(places) => places,
            Err((problem, exit)) => {
                complain(&problem);
                return exit;
            }
        };
        for place in places {
            match find(&place, &options.message_id) {
                Ok(life) if life.is_empty() => {}
                Ok(life) => {
                    is_known = true;
                    exit = Exit::Done;
                    show(&place, &life, options.json);
                }
                Err(error) => complain(&format!("{}: cannot be read: {error}", place.display())),
            }
        }
    }
    if !is_known {
        complain(&format!("no journal knows of {}", plain(&options.message_id)));
    }
    exit
}

/// The journals that are meant: the file itself, or those of a configuration.
fn places(path: &Path) -> Result<Vec<PathBuf>, (String, Exit)> {
    let name = path.display();
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ndjson")) {
        return Ok(vec![path.to_owned()]);
    }
    let config = validate::load_without_keys(path).map_err(|wrong| (wrong, Exit::Config))?;
    let places = journals(&config);
    if places.is_empty() {
        let problem =
            format!("{name}: no sink keeps a journal: add a block `[sinks.NAME.journal]`");
        return Err((problem, Exit::Usage));
    }
    Ok(places)
}

fn show(place: &Path, life: &Life, json: bool) {
    if json {
        for line in life {
            let Line { at, message_id, what, detail, waited_for, waited, took } = line;
            let object = json!({
                "at": at, "message_id": message_id, "what": what, "detail": detail,
                "waited_for": waited_for, "waited": waited, "took": took,
            });
            tell(&object.to_string());
        }
        return;
    }
    tell(&format!("{}:", plain(&place.display().to_string())));
    let row = |line: &Line| [plain(&line.at), plain(&line.what), plain(&said(line))];
    tell(&table(&life.iter().map(row).collect::<Vec<_>>()));
    if life.last().is_some_and(|line| !matches!(line.what.as_str(), "ended" | "skipped")) {
        tell("no end is noted: it is inside, or was left to its source when the run ended");
    }
}

fn said(line: &Line) -> String {
    match (&line.waited_for, line.waited, line.took) {
        (Some(reason), Some(waited), Some(took)) => {
            format!("{} (in {took:.3} s, after {waited:.3} s of waiting for {reason})", line.detail)
        }
        _ => line.detail.clone(),
    }
}
