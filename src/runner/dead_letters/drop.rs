//! Removes letters for good, also while a sink writes to their file.

use std::path::Path;

use super::Letter;
use super::aside::{Aside, AsideError, is_empty};
use super::letter::lines;

/// How many letters are noted with one fsync.
const GROUP: usize = 1024;

/// Removes the letters of the file at `path` that `is_wanted`, and gives how many. Blocks on the disk.
pub async fn drop_letters(
    path: &Path,
    is_wanted: impl Fn(&Letter) -> bool,
) -> Result<u64, AsideError> {
    if is_empty(path)? {
        return Ok(0);
    }
    let mut aside = Aside::take(path).await?;
    let failed = |error| AsideError::failed(path, error);
    let (mut group, mut count) = (Vec::with_capacity(GROUP), 0);
    for (line, number) in lines(aside.open()?).zip(1..) {
        let letter = Letter::parse(number, line.map_err(failed)?);
        if is_wanted(&letter) {
            count += 1;
            group.push((letter.id(), Vec::new()));
        }
        if group.len() == GROUP {
            aside.note(&group).map_err(failed)?;
            group.clear();
        }
    }
    aside.note(&group).map_err(failed)?;
    aside.put_back()?;
    Ok(count)
}
