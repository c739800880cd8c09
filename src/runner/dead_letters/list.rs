//! The letters of a file, those of an interrupted replay included. Changes nothing.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::Path;

use super::aside::{AsideError, aside, journal, resolve};
use super::journal::{LetterId, is_done, look};
use super::letter::{Letter, lines};

/// What a file holds.
#[derive(Debug)]
pub struct Letters<T> {
    /// What was picked, in the order the letters are numbered
    pub letters: Vec<T>,
    /// Whether a replay is under way or was interrupted
    pub is_aside: bool,
}

/// Gives what `pick` makes of the letters of the file at `path`: a large file is not held whole. Blocks on the disk.
pub fn list<T>(
    path: &Path,
    mut pick: impl FnMut(Letter) -> Option<T>,
) -> Result<Letters<T>, AsideError> {
    let path = &resolve(path);
    let (old, notes) = (aside(path), journal(path));
    let (mut letters, mut number, mut is_strange) = (Vec::new(), 0, true);
    let mut add = |line: Vec<u8>| {
        number += 1;
        let letter = Letter::parse(number, line);
        is_strange &= letter.is_damaged();
        letters.extend(pick(letter));
    };
    let failed = |error| AsideError::failed(path, error);
    let mut there = HashSet::new();
    let newest = open(path).map_err(failed)?;
    let is_missing = newest.is_none();
    for line in newest.into_iter().flat_map(lines) {
        let line = line.map_err(failed)?;
        there.insert(LetterId::of(&line));
        add(line);
    }
    let Some(file) = open(&old).map_err(failed)? else {
        if is_missing {
            return Err(AsideError::Missing { path: path.to_owned() });
        }
        if is_strange && number > 0 {
            return Err(AsideError::NoLetters { path: path.to_owned() });
        }
        return Ok(Letters { letters, is_aside: false });
    };
    let (done, stays) = look(&notes).map_err(failed)?;
    for line in lines(file) {
        let line = line.map_err(failed)?;
        let id = LetterId::of(&line);
        if !is_done(&done, id) && !there.contains(&id) {
            add(line);
        }
    }
    for line in stays {
        if !there.contains(&LetterId::of(line.as_bytes())) {
            add(line.into_bytes());
        }
    }
    Ok(Letters { letters, is_aside: true })
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
