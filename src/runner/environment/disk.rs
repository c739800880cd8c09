//! How fast the disk keeps what must be kept.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::{Finding, Verdict};

const TRIES: usize = 9;

/// A checkpoint's or a small block's worth.
const BYTES: usize = 4096;

/// Above this, a buffer that commits as often as records come would be what is waited for.
const SLOW: Duration = Duration::from_millis(20);

/// Writes to `folder`, and says how long it takes until that is on disk. Where the folder is not there yet, the nearest
/// one around it is looked at. Blocks on the disk.
pub(super) fn look(folder: &Path, needs_speed: bool) -> Finding {
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let place = there.display();
    let find = |verdict, detail, remedy: Option<&str>| Finding {
        about: "data_dir".to_owned(),
        what: "disk",
        verdict,
        detail,
        remedy: remedy.map(str::to_owned),
    };
    match median(there) {
        Ok(took) => {
            let said = format!("{place}: {BYTES} bytes are on disk after {took:.1?}");
            let remedy = too_slow(took, needs_speed);
            find(if remedy.is_some() { Verdict::Doubtful } else { Verdict::Good }, said, remedy)
        }
        Err(error) => {
            let remedy = "let whoever runs this write to it, or set data_dir to another folder";
            find(Verdict::Bad, format!("{place} cannot be written to: {error}"), Some(remedy))
        }
    }
}

/// What to do about a disk that takes so long, if anything.
fn too_slow(took: Duration, needs_speed: bool) -> Option<&'static str> {
    let remedy = "put data_dir on a faster disk, or let records come many at a time";
    (needs_speed && took > SLOW).then_some(remedy)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a disk takes is not what a paused clock says"
)]
fn median(folder: &Path) -> std::io::Result<Duration> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut times = Vec::with_capacity(TRIES);
    for _ in 0..TRIES {
        let start = std::time::Instant::now();
        file.write_all(&[0; BYTES])?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times.get(TRIES / 2).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_disk_is_doubted_only_where_a_buffer_waits_for_it() {
        let (quick, slow) = (Duration::from_millis(1), Duration::from_millis(30));
        assert_eq!(too_slow(slow, false), None);
        assert_eq!(too_slow(quick, true), None);
        assert!(too_slow(slow, true).is_some_and(|remedy| remedy.contains("faster disk")));
    }
}
