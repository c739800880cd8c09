//! Which checkpoint is of which file: told by content, and by path where contents are the same.
//!
//! In: the checkpoints, the files that are there with how they begin, and a way to look into them. Out: at most one
//! checkpoint for each file, and one file for each checkpoint.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use super::store::{Places, Saved};
use crate::runner::source::framing::hash;

/// A file that is there.
#[derive(Clone)]
pub struct Found {
    /// Where
    pub path: PathBuf,
    /// How its content begins, as much of it as a mark covers
    pub head: Vec<u8>,
}

/// What the content of a file holds before an offset, as much of it as a mark covers; `None` where it is shorter.
pub type TailOf<'a> = &'a dyn Fn(&Path, u64) -> io::Result<Option<Vec<u8>>>;

/// For each of `files`, the number of its checkpoint. Those that `is_taken` are not given away.
pub(super) fn claim(
    places: &Places,
    is_taken: &dyn Fn(u64) -> bool,
    files: &[Found],
    tail_of: TailOf<'_>,
) -> Vec<Option<u64>> {
    let free = places.iter().filter(|(number, _)| !is_taken(**number));
    let mut free: BTreeMap<u64, &Saved> = free.map(|(number, saved)| (*number, saved)).collect();
    let mut by_path = HashMap::<&str, Vec<u64>>::new();
    for (number, saved) in &free {
        by_path.entry(saved.path.as_str()).or_default().push(*number);
    }
    // First each path has its own back, so that a copy cannot take it.
    let mut claimed: Vec<_> = files
        .iter()
        .map(|file| {
            let own = by_path.get(file.path.to_string_lossy().as_ref())?;
            let number = best(own.iter().copied(), &free, file, tail_of)?;
            free.remove(&number);
            Some(number)
        })
        .collect();
    let mut by_head = HashMap::<(u64, u128), BTreeSet<u64>>::new();
    for (number, saved) in &free {
        let mark = saved.reached.mark;
        by_head.entry((mark.head_bytes, mark.head)).or_default().insert(*number);
    }
    let lengths: BTreeSet<u64> = by_head.keys().map(|(length, _)| *length).collect();
    for (claimed, file) in claimed.iter_mut().zip(files).filter(|(claimed, _)| claimed.is_none()) {
        let alike = lengths.iter().filter_map(|length| {
            let head = file.head.get(..usize::try_from(*length).ok()?)?;
            by_head.get(&(*length, hash(head)))
        });
        *claimed = best(alike.flatten().copied(), &free, file, tail_of);
        if let Some(number) = claimed {
            free.remove(number);
        }
    }
    for (file, _) in files.iter().zip(&claimed).filter(|(_, claimed)| claimed.is_none()) {
        if by_path.contains_key(file.path.to_string_lossy().as_ref()) {
            tracing::warn!(
                path = %file.path.display(),
                "file does not hold what was read of it before: it is taken for another one and read from its start"
            );
        }
    }
    claimed
}

/// Of the checkpoints that are of `file`, the one that comes furthest.
fn best(
    numbers: impl Iterator<Item = u64>,
    free: &BTreeMap<u64, &Saved>,
    file: &Found,
    tail_of: TailOf<'_>,
) -> Option<u64> {
    let mut candidates: Vec<_> =
        numbers.filter_map(|number| Some((number, *free.get(&number)?))).collect();
    candidates.sort_by_key(|(_, saved)| std::cmp::Reverse(saved.reached.place.offset));
    let found = candidates.into_iter().find(|(_, saved)| is_of(saved, file, tail_of));
    found.map(|(number, _)| number)
}

fn is_of(saved: &Saved, file: &Found, tail_of: TailOf<'_>) -> bool {
    let mark = saved.reached.mark;
    let length = usize::try_from(mark.head_bytes).unwrap_or(usize::MAX);
    if file.head.get(..length).is_none_or(|head| hash(head) != mark.head) {
        return false;
    }
    match tail_of(&file.path, saved.reached.place.offset) {
        Ok(tail) => tail.is_some_and(|tail| hash(&tail) == mark.tail),
        // Whoever reads it next runs into the same, and tells.
        Err(error) => {
            tracing::debug!(path = %file.path.display(), %error, "file cannot be compared");
            false
        }
    }
}

impl std::fmt::Debug for Found {
    /// Without content, which is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found").field("path", &self.path).finish_non_exhaustive()
    }
}
