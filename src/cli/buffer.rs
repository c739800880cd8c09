//! `courier-sink buffer ls | stats CONFIG`: looks at buffers on disk and changes nothing.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::buffer::{Buffer, Which};
use super::table::{plain, table};
use super::{complain, tell, validate};
use crate::clock::Clock;
use crate::runner::Exit;
use crate::runner::buffer::{self, BufferError, Entry, Listing};

/// Does what is asked for.
pub(super) fn run(buffer: &Buffer) -> Exit {
    let (Buffer::Ls { which, .. } | Buffer::Stats { which, .. }) = buffer;
    let paths = match paths(which) {
        Ok(paths) => paths,
        Err((problem, exit)) => {
            complain(&problem);
            return exit;
        }
    };
    let mut exit = Exit::Done;
    for path in paths {
        // Where a run would make it, and none has yet: nothing is wrong.
        if buffer::is_none_yet(&path) {
            none_yet(buffer, &path);
            continue;
        }
        let looked = buffer::list(&path).and_then(|listing| {
            if listing.is_in_use {
                let name = path.display();
                complain(&format!(
                    "{name}: in use by a running process: this is how it stands right now"
                ));
            }
            look(buffer, &path, listing)
                .map_err(|error| BufferError::Io { path: path.clone(), error })
        });
        if let Err(error) = looked {
            complain(&error.to_string());
            exit = Exit::Source;
        }
    }
    exit
}

/// Says that there is nothing to look at.
fn none_yet(how: &Buffer, path: &Path) {
    let path = plain(&path.display().to_string());
    match how {
        // A list of nothing, for programs.
        Buffer::Ls { json: true, .. } => {}
        Buffer::Stats { json: true, .. } => {
            tell(&json!({ "buffer": path, "records": 0, "exists": false }).to_string());
        }
        Buffer::Ls { .. } | Buffer::Stats { .. } => tell(&format!("{path}: no buffer yet")),
    }
}

fn look(how: &Buffer, path: &Path, listing: Listing) -> io::Result<()> {
    match how {
        Buffer::Ls { json, payload, .. } => ls(listing, *json, *payload),
        Buffer::Stats { json, .. } => {
            stats(path, &listing, *json);
            Ok(())
        }
    }
}

/// The files that are meant.
fn paths(which: &Which) -> Result<Vec<PathBuf>, (String, Exit)> {
    let name = which.path.display();
    match buffer::is_file_of_a_buffer(&which.path) {
        Ok(true) => return Ok(vec![which.path.clone()]),
        Ok(false) => {}
        Err(error) => return Err((format!("{name}: cannot be read: {error}"), Exit::Source)),
    }
    let config = validate::load(&which.path).map_err(|mistakes| (mistakes, Exit::Config))?;
    let data = config.data_dir.unwrap_or_default();
    let is_meant = |sink: &String| which.sink.as_ref().is_none_or(|wanted| wanted == sink);
    let paths: Vec<_> = config
        .sinks
        .iter()
        .filter(|(sink, configured)| is_meant(sink) && configured.courier.disk_buffer.is_some())
        .map(|(sink, _)| buffer::file_in(&data.join(sink)))
        .collect();
    if paths.is_empty() {
        let problem = match &which.sink {
            Some(sink) => format!("{name}: there is no sink `{sink}` with a buffer on disk"),
            None => format!("{name}: no sink has a buffer on disk"),
        };
        return Err((problem, Exit::Usage));
    }
    Ok(paths)
}

fn ls(mut listing: Listing, json: bool, payload: bool) -> io::Result<()> {
    let mut rows = vec![["#", "at", "bytes", "state", "origin", "payload"].map(str::to_owned)];
    listing.each(|entry| {
        let held = entry.payload.as_ref().filter(|_| payload);
        let held = held.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        if json {
            tell(&object(&entry, held).to_string());
        } else {
            let origin = entry.origin.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
            rows.push([
                entry.sequence.to_string(),
                entry.at.to_string(),
                entry.bytes.to_string(),
                entry.state.as_str().to_owned(),
                plain(&origin),
                plain(&held.unwrap_or_default()),
            ]);
        }
    })?;
    if rows.len() > 1 {
        if !payload && let Some(name) = rows.first_mut().and_then(|row| row.last_mut()) {
            name.clear();
        }
        tell(&table(&rows));
    }
    Ok(())
}

fn object(entry: &Entry, payload: Option<String>) -> Value {
    let mut object = json!({
        "sequence": entry.sequence,
        "at": entry.at.to_string(),
        "bytes": entry.bytes,
        "state": entry.state.as_str(),
        "origin": entry.origin.as_ref().map(ToString::to_string),
    });
    if let (Some(payload), Some(members)) = (payload, object.as_object_mut()) {
        members.insert("payload".to_owned(), payload.into());
    }
    object
}

fn stats(path: &Path, listing: &Listing, json: bool) {
    let Listing { left, damaged, bytes, file_bytes, oldest, is_in_use, .. } = listing;
    let age = oldest.map(|oldest| Clock::system().now().since(oldest).as_secs());
    if json {
        let object = json!({
            "buffer": path.display().to_string(),
            "exists": true,
            "records": left,
            "damaged": damaged,
            "bytes": bytes,
            "file_bytes": file_bytes,
            "oldest": oldest.map(|oldest| oldest.to_string()),
            "oldest_age_secs": age,
            "in_use": is_in_use,
        });
        tell(&object.to_string());
        return;
    }
    let none = || "-".to_owned();
    let rows = [
        ["buffer", &plain(&path.display().to_string())],
        ["records", &left.to_string()],
        ["damaged", &damaged.to_string()],
        ["bytes", &bytes.to_string()],
        ["file bytes", &file_bytes.to_string()],
        ["oldest", &oldest.map_or_else(none, |oldest| oldest.to_string())],
        ["oldest age", &age.map_or_else(none, |age| format!("{age} s"))],
        ["in use", if *is_in_use { "yes" } else { "no" }],
    ];
    tell(&table(&rows.map(|row| row.map(str::to_owned))));
}
