//! Finds frames in a file, whatever else is in it: a block of the store, a damaged store, one that another process writes.
//!
//! In: bytes and the buffer's id. Out: every frame that is as it was written, old copies included, and what looks like a
//! frame and is not whole. It knows no store: only that a frame lies in one piece.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;
use memchr::memmem;

use super::frame::{self, Content, HEADER_BYTES, Header, Id};

/// How much of a file is looked at at once, unless a frame takes more.
const CHUNK_BYTES: usize = 1 << 20;

/// Security: no frame takes more; a length that says so is damaged.
const MOST_BYTES: usize = 1 << 30;

/// Something that begins like a frame.
#[derive(Debug)]
pub(super) struct Found {
    /// Where it begins
    pub(super) offset: u64,
    pub(super) header: Header,
    /// Nothing where it is damaged
    pub(super) content: Option<Content>,
}

/// Looks through a file, from its start to its end.
#[derive(Debug)]
pub(super) struct Scan {
    file: File,
    id: Id,
    chunk: Bytes,
    /// Where the chunk begins
    offset: u64,
    is_last: bool,
}

impl Scan {
    pub(super) fn new(file: File, id: Id) -> Self {
        Self { file, id, chunk: Bytes::new(), offset: 0, is_last: false }
    }

    /// What comes next. Blocks on the disk.
    pub(super) fn next(&mut self) -> io::Result<Option<Found>> {
        loop {
            let (skipped, step) = step(self.id, &self.chunk, self.is_last);
            self.skip(skipped);
            match step {
                Step::Found(header, content) => {
                    let found = Found { offset: self.offset, header, content };
                    let length = if found.content.is_some() { header.bytes } else { HEADER_BYTES };
                    self.skip(length);
                    return Ok(Some(found));
                }
                Step::More(bytes) => self.fill(bytes)?,
                Step::End => return Ok(None),
            }
        }
    }

    fn skip(&mut self, bytes: usize) {
        let bytes = bytes.min(self.chunk.len());
        self.chunk = self.chunk.slice(bytes..);
        self.offset = self.offset.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Reads on until the chunk has `bytes`, or the file ends.
    fn fill(&mut self, bytes: usize) -> io::Result<()> {
        let wanted = bytes.max(CHUNK_BYTES);
        let mut chunk = Vec::with_capacity(wanted);
        self.file.seek(SeekFrom::Start(self.offset))?;
        let limit = u64::try_from(wanted).unwrap_or(u64::MAX);
        self.file.by_ref().take(limit).read_to_end(&mut chunk)?;
        self.is_last = chunk.len() < wanted;
        self.chunk = chunk.into();
        Ok(())
    }
}

enum Step {
    Found(Header, Option<Content>),
    /// So many bytes are needed to tell
    More(usize),
    End,
}

/// How many bytes are passed over, and what is behind them.
fn step(id: Id, chunk: &Bytes, is_last: bool) -> (usize, Step) {
    let mark = id.mark();
    let Some(at) = memmem::find(chunk, &mark) else {
        if is_last {
            return (chunk.len(), Step::End);
        }
        // The next frame may begin with the last of these bytes.
        return (chunk.len().saturating_sub(mark.len() - 1), Step::More(0));
    };
    let rest = chunk.slice(at..);
    let is_short = |needed: usize| rest.len() < needed && !is_last;
    let Some(header) = frame::header(id, &rest) else {
        return (at, if is_last { Step::End } else { Step::More(HEADER_BYTES) });
    };
    if header.bytes <= MOST_BYTES && is_short(header.bytes) {
        return (at, Step::More(header.bytes));
    }
    let is_whole = header.bytes <= rest.len();
    let content = is_whole.then(|| frame::content(id, &rest.slice(..header.bytes))).flatten();
    (at, Step::Found(header, content.map(|(_, content)| content)))
}

/// The frames of a block that is in memory.
pub(super) fn frames(id: Id, mut block: Bytes) -> impl Iterator<Item = (Header, Option<Content>)> {
    std::iter::from_fn(move || {
        let (skipped, step) = step(id, &block, true);
        let Step::Found(header, content) = step else { return None };
        let length = if content.is_some() { header.bytes } else { HEADER_BYTES };
        block = block.slice((skipped + length).min(block.len())..);
        Some((header, content))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use super::*;
    use crate::clock::Time;
    use crate::event::{Origin, Seed, Trust};
    use crate::sink::Payload;

    const ID: Id = Id(0x0123_4567_89ab_cdef);

    fn framed(out: &mut Vec<u8>, sequence: u64, payload: Vec<u8>) {
        let origin =
            Origin { name: "x".into(), line: None, seed: Seed::Random(0), trust: Trust::Trusted };
        let at = Time::from_epoch(Duration::ZERO);
        frame::write_record(out, ID, sequence, at, (&Payload::Bytes(payload.into()), &origin));
    }

    #[test]
    fn frames_are_found_wherever_they_lie_and_whatever_lies_between() {
        let mut chance = fastrand::Rng::with_seed(1);
        for _ in 0..20 {
            let mut bytes = Vec::new();
            for sequence in 0..40 {
                let noise = chance.usize(..100_000);
                bytes.extend(std::iter::repeat_with(|| chance.u8(..)).take(noise));
                let length = if chance.u8(..10) == 0 { 1 << 21 } else { chance.usize(..2000) };
                let mark = ID.mark();
                framed(&mut bytes, sequence, mark.into_iter().cycle().take(length).collect());
            }
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            let mut scan = Scan::new(file, ID);
            let mut found = Vec::new();
            while let Some(it) = scan.next().unwrap() {
                assert!(it.content.is_some());
                found.push(it.header.sequence);
            }
            assert_eq!(found, (0..40).collect::<Vec<_>>());
            let in_memory = frames(ID, bytes.into()).map(|(header, _)| header.sequence);
            assert_eq!(in_memory.collect::<Vec<_>>(), found);
        }
    }

    #[test]
    fn a_damaged_frame_is_told_and_the_next_one_found() {
        let mut bytes = Vec::new();
        for sequence in 0..3 {
            framed(&mut bytes, sequence, vec![b'x'; 100]);
        }
        let frame = bytes.len() / 3;
        // A byte of the second one's payload, then its length, which would reach beyond the file.
        for at in [frame + 120, frame + 34] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x40;
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&damaged).unwrap();
            let mut scan = Scan::new(file, ID);
            let mut found = Vec::new();
            while let Some(it) = scan.next().unwrap() {
                found.push((it.header.sequence, it.content.is_some()));
            }
            assert_eq!(found, [(0, true), (1, false), (2, true)]);
        }
    }
}
