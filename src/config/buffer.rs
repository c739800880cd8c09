//! `buffer`: what waits between the sources and a sink, in memory or on disk. Names and defaults are Vector's.

use std::num::NonZeroU64;

use super::block::Block;
use super::courier::Beside;
use crate::sink::Buffer;

/// A buffer of type `disk`. What the sink holds in memory is bounded by `buffer.max_events` as without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskBuffer {
    /// `max_size`: how many bytes its records may take on disk, whole pages counted. No default, as in Vector: how much
    /// of a disk may be used, nobody can guess. At least 16 MiB, so that the longest line of a source fits four times.
    pub max_size: NonZeroU64,
    /// `when_full`
    pub when_full: WhenFull,
}

/// `when_full`: what becomes of a record that arrives when `max_size` is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// It waits, and its source with it. The default: nothing is lost.
    #[default]
    Block,
    /// It is discarded and counted, and its source is told that it was delivered, as in Vector: it will not come again.
    DropNewest,
}

/// The least `max_size` of a buffer on disk.
const LEAST: i64 = 16 << 20;

#[derive(Clone, Copy, Default)]
enum Type {
    #[default]
    Memory,
    Disk,
}

/// `[buffer]`
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `type` | `memory`, `disk` | `memory` | as in Vector |
/// | `max_events` | integer | 500 | as Vector's memory buffer; what is in memory, with either type |
/// | `max_size` | integer, in bytes | 134 217 728, `disk`: none | 128 MiB bounds memory where events are large |
/// | `when_full` | `block`, `drop_newest` | `block` | `disk` only: in memory nothing is dropped |
pub(super) fn read(block: &mut Block<'_>, beside: Beside) -> (Buffer, Option<DiskBuffer>) {
    let default = Buffer::default();
    let choices = [("memory", Type::Memory), ("disk", Type::Disk)];
    let kind = block.take("type");
    let is_written = kind.as_ref().and_then(|item| item.choice(&choices)).unwrap_or_default();
    let max_events = block.count("max_events", u32::MAX.into(), default.max_events);
    let choices = [("block", WhenFull::Block), ("drop_newest", WhenFull::DropNewest)];
    match is_written {
        Type::Memory => {
            if let Some(item) = block.take("when_full")
                && item.choice(&choices) == Some(WhenFull::DropNewest)
            {
                item.refuse_with("does nothing with `type = \"memory\"`", "set `type = \"disk\"`");
            }
            let max_size = block.count("max_size", i64::MAX, default.max_size);
            (Buffer { max_events, max_size }, None)
        }
        Type::Disk => {
            if let (Beside::Embedder, Some(item)) = (beside, kind) {
                item.refuse_with(
                    "`disk` is a buffer of the program, not of the library",
                    "remove it, and keep what is not Delivered or Rejected yourself",
                );
            }
            let remedy = "set it to the bytes that may be used on disk, at least 16777216";
            let max_size = block.required("max_size", remedy);
            let max_size = max_size.and_then(|item| item.number(LEAST, i64::MAX));
            // Nothing is made of a configuration with mistakes.
            let max_size = max_size.and_then(NonZeroU64::new).unwrap_or(NonZeroU64::MIN);
            let when_full = block.choice("when_full", &choices);
            let window = Buffer { max_events, ..default };
            (window, Some(DiskBuffer { max_size, when_full }))
        }
    }
}
