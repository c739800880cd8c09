//! One record as it lies on disk, and the ledger beside it: bytes that can be told from any others, wherever they lie.
//!
//! In: a record and its place in the order. Out: a frame that names itself (magic, the buffer's own id, sequence, length)
//! and carries a checksum, so that it can be found in a damaged file, and a flipped bit costs this frame alone. Pure.

use std::time::Duration;

use bytes::Bytes;

use crate::clock::Time;
use crate::event::{Origin, Seed, Trust};
use crate::sink::Payload;

/// Tells a frame from anything else; not text, so that no JSON holds it.
const MAGIC: [u8; 8] = [0xc5, b'f', b'r', b'm', 0x1a, 0x0a, 0xa9, 0x0d];

/// Magic, id, sequence, time, length of the body, checksum.
pub(super) const HEADER_BYTES: usize = 40;

/// What a body begins with: its kind, which is also the version of its format.
const RECORD: u8 = 1;
const LEDGER: u8 = 3;

const UNREADABLE: u8 = 1;
const HAS_LINE: u8 = 1 << 1;
const AT_POSITION: u8 = 1 << 2;
const UNTRUSTED: u8 = 1 << 3;

/// The id of one buffer, drawn when it is made. Security: whoever writes events does not know it, so that no event can
/// hold what would be taken for a frame when a damaged file is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(pub(super) u64);

/// What a frame's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The record's place in the order; for a ledger, the number of its commit
    pub(super) sequence: u64,
    pub(super) at: Time,
    /// The length of the whole frame
    pub(super) bytes: usize,
    pub(super) checksum: u32,
}

/// What a frame holds.
#[derive(Debug)]
pub(super) enum Content {
    Record { payload: Payload, origin: Origin },
    Ledger(Bytes),
}

impl Id {
    /// What each of its frames begins with.
    pub(super) fn mark(self) -> [u8; 16] {
        let mut mark = [0; 16];
        let bytes = MAGIC.into_iter().chain(self.0.to_le_bytes());
        for (to, from) in mark.iter_mut().zip(bytes) {
            *to = from;
        }
        mark
    }
}

/// The bytes a record takes as a frame.
pub(super) fn size(payload: &Payload, origin: &Origin) -> usize {
    let (bytes, problem) = match payload {
        Payload::Bytes(bytes) => (bytes, 0),
        Payload::Unreadable { bytes, problem } => (bytes, 4 + problem.len()),
    };
    let line = if origin.line.is_some() { 8 } else { 0 };
    let seed = match origin.seed {
        Seed::Position { .. } => 24,
        Seed::Random(_) => 16,
    };
    HEADER_BYTES + 2 + line + seed + 4 + origin.name.len() + problem + bytes.len()
}

/// Appends a record to `out`.
pub(super) fn write_record(
    out: &mut Vec<u8>,
    id: Id,
    sequence: u64,
    at: Time,
    (payload, origin): (&Payload, &Origin),
) {
    write(out, id, sequence, at, |out| {
        let unreadable = matches!(payload, Payload::Unreadable { .. });
        let flags = [
            (unreadable, UNREADABLE),
            (origin.line.is_some(), HAS_LINE),
            (matches!(origin.seed, Seed::Position { .. }), AT_POSITION),
            (origin.trust == Trust::Untrusted, UNTRUSTED),
        ];
        let flags = flags.iter().filter(|(is_set, _)| *is_set);
        out.extend([RECORD, flags.fold(0, |all, (_, flag)| all | flag)]);
        if let Some(line) = origin.line {
            out.extend(line.to_le_bytes());
        }
        match origin.seed {
            Seed::Position { fingerprint, offset } => {
                out.extend(fingerprint.to_le_bytes());
                out.extend(offset.to_le_bytes());
            }
            Seed::Random(bits) => out.extend(bits.to_le_bytes()),
        }
        write_text(out, &origin.name);
        match payload {
            Payload::Bytes(bytes) => out.extend_from_slice(bytes),
            Payload::Unreadable { bytes, problem } => {
                write_text(out, problem);
                out.extend_from_slice(bytes);
            }
        }
    });
}

/// A ledger as a frame, written by the `commit`th commit.
pub(super) fn ledger(id: Id, commit: u64, at: Time, content: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, id, commit, at, |out| {
        out.push(LEDGER);
        content(out);
    });
    out
}

fn write(out: &mut Vec<u8>, id: Id, sequence: u64, at: Time, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    let millis = u64::try_from(at.since_epoch().as_millis()).unwrap_or(u64::MAX);
    out.extend(id.mark());
    out.extend(sequence.to_le_bytes());
    out.extend(millis.to_le_bytes());
    // Length and checksum are known behind the body.
    out.extend([0; 8]);
    body(out);
    let length = out.len() - start - HEADER_BYTES;
    // Security: nobody hands in more than `Limits::largest_record`, which is far below.
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    put(out, start + 32, length);
    let checksum = checksum(out.get(start..).unwrap_or_default()).to_le_bytes();
    put(out, start + 36, checksum);
}

fn put(out: &mut [u8], at: usize, bytes: [u8; 4]) {
    for (to, from) in out.iter_mut().skip(at).zip(bytes) {
        *to = from;
    }
}

/// Of everything but itself.
fn checksum(frame: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(frame.get(..36).unwrap_or_default());
    hasher.update(frame.get(HEADER_BYTES..).unwrap_or_default());
    hasher.finalize()
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    out.extend(length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// The header at the start of `bytes`, if a frame of `id` may begin there. It may still be damaged.
pub(super) fn header(id: Id, bytes: &[u8]) -> Option<Header> {
    let mut rest = bytes.strip_prefix(&id.mark())?;
    let sequence = u64::from_le_bytes(take(&mut rest)?);
    let millis = u64::from_le_bytes(take(&mut rest)?);
    let length = usize::try_from(u32::from_le_bytes(take(&mut rest)?)).ok()?;
    let checksum = u32::from_le_bytes(take(&mut rest)?);
    let at = Time::from_epoch(Duration::from_millis(millis));
    Some(Header { sequence, at, bytes: HEADER_BYTES.checked_add(length)?, checksum })
}

/// The id in a frame that is known to be one.
pub(super) fn id(frame: &[u8]) -> Option<Id> {
    let mut rest = frame.strip_prefix(&MAGIC)?;
    Some(Id(u64::from_le_bytes(take(&mut rest)?)))
}

/// What the whole `frame` holds; nothing where it is not as it was written.
pub(super) fn content(id: Id, frame: &Bytes) -> Option<(Header, Content)> {
    let header = header(id, frame)?;
    if frame.len() != header.bytes || checksum(frame) != header.checksum {
        return None;
    }
    let body = frame.get(HEADER_BYTES..)?;
    let content = match *body.first()? {
        RECORD => record(frame, body.get(1..)?)?,
        LEDGER => Content::Ledger(frame.slice(HEADER_BYTES + 1..)),
        _ => return None,
    };
    Some((header, content))
}

fn record(frame: &Bytes, mut rest: &[u8]) -> Option<Content> {
    let [flags] = take(&mut rest)?;
    let is_set = |flag: u8| flags & flag != 0;
    let line = if is_set(HAS_LINE) { Some(u64::from_le_bytes(take(&mut rest)?)) } else { None };
    let bits = u128::from_le_bytes(take(&mut rest)?);
    let seed = if is_set(AT_POSITION) {
        Seed::Position { fingerprint: bits, offset: u64::from_le_bytes(take(&mut rest)?) }
    } else {
        Seed::Random(bits)
    };
    let name = take_text(&mut rest)?.into();
    let trust = if is_set(UNTRUSTED) { Trust::Untrusted } else { Trust::Trusted };
    let problem = if is_set(UNREADABLE) { Some(take_text(&mut rest)?.to_owned()) } else { None };
    let bytes = frame.slice(frame.len() - rest.len()..);
    let payload = match problem {
        Some(problem) => Payload::Unreadable { bytes, problem },
        None => Payload::Bytes(bytes),
    };
    Some(Content::Record { payload, origin: Origin { name, line, seed, trust } })
}

/// The first `N` bytes, which `rest` then begins behind.
pub(super) fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::try_from(u32::from_le_bytes(take(rest)?)).ok()?;
    let (text, left) = rest.split_at_checked(length)?;
    *rest = left;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Id = Id(7);

    fn origin(line: Option<u64>, seed: Seed, trust: Trust) -> Origin {
        Origin { name: "a.ndjson".into(), line, seed, trust }
    }

    fn written(payload: &Payload, origin: &Origin) -> Vec<u8> {
        let mut out = Vec::new();
        let at = Time::from_epoch(Duration::from_millis(951_827_415_250));
        write_record(&mut out, ID, 42, at, (payload, origin));
        assert_eq!(out.len(), size(payload, origin));
        out
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let position = Seed::Position { fingerprint: u128::MAX - 1, offset: 9 };
        for (payload, origin) in [
            (Payload::Bytes("{}".into()), origin(Some(3), position, Trust::Trusted)),
            (Payload::Bytes(Bytes::new()), origin(None, Seed::Random(5), Trust::Untrusted)),
            (
                Payload::Unreadable { bytes: "\u{0}".into(), problem: "no event".to_owned() },
                origin(None, position, Trust::Trusted),
            ),
        ] {
            let bytes = Bytes::from(written(&payload, &origin));
            let (header, content) = content(ID, &bytes).unwrap();
            assert_eq!(header.sequence, 42);
            assert_eq!(header.at.to_string(), "2000-02-29T12:30:15.250Z");
            let Content::Record { payload: read, origin: from } = content else {
                panic!("it is a record");
            };
            let parts = |payload: &Payload| match payload {
                Payload::Bytes(bytes) => (bytes.clone(), None),
                Payload::Unreadable { bytes, problem } => (bytes.clone(), Some(problem.clone())),
            };
            assert_eq!((parts(&read), from), (parts(&payload), origin));
        }
    }

    #[test]
    fn no_flipped_bit_goes_unseen_and_no_prefix_is_a_frame() {
        let whole = written(
            &Payload::Bytes("{\"a\":1}".into()),
            &origin(None, Seed::Random(1), Trust::Trusted),
        );
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(content(ID, &flipped.into()).is_none(), "bit {bit}");
        }
        for length in 0..whole.len() {
            assert!(content(ID, &whole[..length].to_vec().into()).is_none(), "length {length}");
        }
        assert!(content(Id(8), &whole.into()).is_none());
    }
}
