//! `type = "file"`: files, to their end or as they grow.

use std::num::NonZeroU64;
use std::time::Duration;

use crate::config::block::Block;
use crate::config::item::Item;

/// The options of a `file` source, named as Vector's. There is no `fingerprint`: a file is always known by its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSource {
    /// `include`: globs of the files to read; at least one
    pub include: Vec<String>,
    /// `exclude`: globs of files not to read even so. Default none.
    pub exclude: Vec<String>,
    /// `ignore_checkpoints`: whether files are read from their start though they were read before. Default false.
    pub ignore_checkpoints: bool,
    /// `oldest_first`: which of several files is read first. Default true, unlike Vector's, which then takes turns: a
    /// user's events would get out of order where they lie in a rotated file and in the one after it.
    pub order: FileOrder,
    /// `ignore_older_secs`: files that were not written to for so long are left alone, and so are their checkpoints, until
    /// they are written to again. Default none: all are read.
    pub ignore_older: Option<Duration>,
    /// `follow`: what is added to files later. Default: it is not read, so that a run ends; Vector always follows.
    pub follow: Option<FollowFiles>,
}

/// Which of several files is read first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileOrder {
    /// The one that was last written to the longest ago, as of rotated files; each to its end before the next
    #[default]
    Oldest,
    /// As their paths are sorted
    Path,
}

/// How files are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowFiles {
    /// `read_from`: where reading begins on the very first start. Default `beginning`.
    pub read_from: ReadFrom,
    /// `glob_minimum_cooldown_ms`: how often the globs are looked at for new and renamed files. Default 1 s.
    pub glob_cooldown: Duration,
    /// `rotate_wait_secs`: how long a file that is gone (deleted, or renamed to what no glob matches) is read on, since
    /// whoever writes may not have let go of it yet. Default 300, so that it is not held open for ever, as in Vector.
    pub rotate_wait: Duration,
}

/// Where reading begins on the very first start, as long as there are no checkpoints. What comes later is always read from
/// its beginning: it may be what came in the place of a rotated file meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadFrom {
    /// All there is
    #[default]
    Beginning,
    /// Only what is added from then on
    End,
}

const GLOB_COOLDOWN_MS: NonZeroU64 = const { NonZeroU64::new(1000).unwrap() };

/// An hour: new files are to be found while somebody still remembers them.
const MOST_COOLDOWN_MS: i64 = 3_600_000;

pub(super) fn read(block: &mut Block<'_>) -> FileSource {
    let include = block.required("include", "name the files to read, as in `[\"events/*.json\"]`");
    FileSource {
        include: include.and_then(Item::some_texts).unwrap_or_default(),
        exclude: block.texts("exclude"),
        ignore_checkpoints: block.flag("ignore_checkpoints", false),
        order: if block.flag("oldest_first", true) { FileOrder::Oldest } else { FileOrder::Path },
        ignore_older: block.take("ignore_older_secs").and_then(|item| item.seconds()),
        follow: follow(block),
    }
}

fn follow(block: &mut Block<'_>) -> Option<FollowFiles> {
    let is_followed = block.flag("follow", false);
    let read_from = block.take("read_from");
    let cooldown = block.take("glob_minimum_cooldown_ms");
    let rotate_wait = block.take("rotate_wait_secs");
    if !is_followed {
        for item in [read_from, cooldown, rotate_wait].iter().flatten() {
            let remedy = "set `follow = true`, or leave it out";
            item.refuse_with("has a meaning only where files are followed", remedy);
        }
        return None;
    }
    let places = [("beginning", ReadFrom::Beginning), ("end", ReadFrom::End)];
    let cooldown: Option<NonZeroU64> = cooldown.and_then(|item| item.count(MOST_COOLDOWN_MS));
    Some(FollowFiles {
        read_from: read_from.and_then(|item| item.choice(&places)).unwrap_or_default(),
        glob_cooldown: Duration::from_millis(cooldown.unwrap_or(GLOB_COOLDOWN_MS).get()),
        rotate_wait: rotate_wait
            .and_then(|item| item.seconds())
            .unwrap_or(Duration::from_secs(300)),
    })
}
