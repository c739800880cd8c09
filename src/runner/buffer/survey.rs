//! What a buffer's file holds, found without its store: for a file that is damaged, in use, or only to be looked at.
//!
//! In: a file and its buffer's id. Out: the newest ledger, and where each record lies that has not ended by it. Old copies
//! lie about in free pages; the ledger tells what has ended, and equal copies count once. What it notes of each record
//! takes 48 bytes, so an index of a file is far smaller than the file.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;

use super::frame::{self, Content, Header, Id};
use super::ledger::Ledger;
use super::scan::Scan;

/// What a file holds.
#[derive(Debug)]
pub(super) struct Survey {
    /// Nothing where no whole ledger was found: then everything counts that was
    pub(super) ledger: Option<Ledger>,
    /// Records that have not ended, in their order
    pub(super) whole: Vec<Spot>,
    /// Records of which there is no whole copy, and where a damaged one lies
    pub(super) damaged: Vec<Spot>,
    /// How many records have not ended by the ledger and are not among the whole
    pub(super) lost: u64,
}

/// Where a record lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) offset: u64,
    pub(super) header: Header,
}

impl Survey {
    /// Looks through `file`. Blocks on the disk.
    pub(super) fn of(file: File, id: Id) -> io::Result<Self> {
        let (mut newest, mut ledger) = (0, None);
        let (mut whole, mut damaged) = (Vec::new(), Vec::new());
        let mut scan = Scan::new(file, id);
        while let Some(found) = scan.next()? {
            let spot = Spot { offset: found.offset, header: found.header };
            match found.content {
                Some(Content::Record { .. }) => whole.push(spot),
                Some(Content::Ledger(bytes)) => {
                    // Commits count from 1.
                    if spot.header.sequence > newest
                        && let Some(read) = Ledger::read(&bytes)
                    {
                        (newest, ledger) = (spot.header.sequence, Some(read));
                    }
                }
                None => damaged.push(spot),
            }
        }
        let is_left = |spot: &Spot| {
            ledger.as_ref().is_none_or(|ledger| !ledger.is_ended(spot.header.sequence))
        };
        whole.retain(is_left);
        damaged.retain(is_left);
        whole.sort_by_key(|spot| (spot.header.sequence, spot.header.checksum));
        whole.dedup_by_key(|spot| (spot.header.sequence, spot.header.checksum));
        let there: HashSet<u64> = whole.iter().map(|spot| spot.header.sequence).collect();
        // What a damaged header says is believed only as far as it can be true.
        damaged.retain(|spot| {
            let sequence = spot.header.sequence;
            let is_known = ledger.as_ref().is_none_or(|ledger| sequence < ledger.next());
            is_known && !there.contains(&sequence)
        });
        damaged.sort_by_key(|spot| (spot.header.sequence, spot.offset));
        damaged.dedup_by_key(|spot| spot.header.sequence);
        let lost = ledger.as_ref().map_or(0, |ledger| {
            let kept = there.iter().filter(|it| **it < ledger.next()).count();
            ledger.left().saturating_sub(u64::try_from(kept).unwrap_or(u64::MAX))
        });
        Ok(Self { ledger, whole, damaged, lost })
    }

    /// What comes next in the buffer.
    pub(super) fn next(&self) -> u64 {
        let last = self.whole.last().map_or(0, |spot| spot.header.sequence);
        self.ledger.as_ref().map_or(1, Ledger::next).max(last.saturating_add(1))
    }
}

impl Spot {
    /// What lies there; nothing where it has changed since.
    pub(super) fn read(&self, file: &mut File, id: Id) -> io::Result<Option<Content>> {
        let mut bytes = vec![0; self.header.bytes];
        file.seek(SeekFrom::Start(self.offset))?;
        match file.read_exact(&mut bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let bytes = Bytes::from(bytes);
        Ok(frame::content(id, &bytes).map(|(_, content)| content))
    }
}
