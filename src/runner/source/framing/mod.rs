//! Bytes to records: lines, the elements of a JSON array, or JSON objects written over several lines.
//!
//! In: the bytes of an input, in pieces of any size. Out: one [`Frame`] per record, with its place. Pure, and bounded:
//! it holds one piece and one record of at most `max_bytes`. It knows nothing of files, and checks no JSON but where an
//! input breaks off; what it cuts badly because it was bad costs as little of its neighbours as brackets can tell.

mod frame;
mod place;
mod structure;
mod trail;
mod unit;

use bytes::{Bytes, BytesMut};
use serde::de::IgnoredAny;

pub use frame::{Content, Frame, KEPT_BYTES, Missing};
pub use place::{Place, Shape};
pub use trail::{HEAD_BYTES, Mark, TAIL_BYTES, Trail, hash};
use unit::{Cut, Unit};

/// Cuts an input into records.
#[derive(Debug)]
pub struct Framer {
    max_bytes: usize,
    /// What has been pushed and not consumed; it starts at `place`
    buffer: BytesMut,
    place: Place,
    end: End,
    under_way: Option<UnderWay>,
    trail: Option<Trail>,
}

/// A record that has begun.
#[derive(Debug)]
struct UnderWay {
    unit: Unit,
    from: Place,
    /// How much of the buffer belongs to it so far
    scanned: usize,
    /// Its start, once it turned out too long and is no longer held in the buffer
    head: Option<Bytes>,
}

impl Framer {
    /// Reads from `place` on. A record longer than `max_bytes` becomes [`Content::TooLong`].
    pub fn new(place: Place, max_bytes: usize) -> Self {
        Self {
            max_bytes,
            buffer: BytesMut::new(),
            place,
            end: End::Ahead,
            under_way: None,
            trail: None,
        }
    }

    /// Marks the places between records. `trail` is of what was read before.
    #[must_use]
    pub fn marking(self, trail: Option<Trail>) -> Self {
        Self { trail, ..self }
    }

    /// Where reading has come to: every record before it was given out.
    pub fn place(&self) -> Place {
        self.under_way.as_ref().map_or(self.place, |it| it.from)
    }

    /// Takes the next piece of the input. All frames should be taken before the next one is pushed, or they pile up.
    pub fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The input is over: what has begun ends here.
    pub fn end(&mut self) {
        self.end = End::Final;
    }

    /// The input is over for now: what has begun and is not whole is not given out, since the rest may be there later.
    pub fn end_for_now(&mut self) {
        self.end = End::ForNow;
    }

    /// After all, the input goes on.
    pub fn go_on(&mut self) {
        self.end = End::Ahead;
    }

    /// What is missing once the input is over and all frames were taken.
    pub fn missing(&self) -> Option<Missing> {
        match (&self.under_way, self.place.shape) {
            (Some(record), _) => Some(Missing::Record(record.from)),
            (None, Shape::Array) => Some(Missing::Bracket),
            (None, Shape::Unknown | Shape::Lines) => None,
        }
    }

    /// The next record, once it is complete.
    pub fn next_frame(&mut self) -> Option<Frame> {
        loop {
            let mut record = match self.under_way.take() {
                Some(record) => record,
                None => self.begin()?,
            };
            match self.extent(&mut record) {
                Extent::Open => {
                    self.under_way = Some(record);
                    return None;
                }
                Extent::GiveBack => {
                    self.place.shape = Shape::Lines;
                    self.under_way = Some(UnderWay { unit: Unit::Line, scanned: 0, ..record });
                }
                Extent::Closed => return Some(self.finish(record)),
            }
        }
    }

    /// Skips what stands between records, and tells by the next byte what kind of record begins.
    fn begin(&mut self) -> Option<UnderWay> {
        loop {
            if self.place.offset == 0
                && BOM.starts_with(self.buffer.get(..3).unwrap_or(&self.buffer))
            {
                if self.buffer.len() < BOM.len() && self.end == End::Ahead {
                    return None;
                }
                if self.buffer.starts_with(BOM) {
                    self.consume(BOM.len());
                }
            }
            let between = |byte: &u8| {
                byte.is_ascii_whitespace() || (*byte == b',' && self.place.shape == Shape::Array)
            };
            let skip = self.buffer.iter().take_while(|byte| between(byte)).count();
            self.consume(skip);
            let first = *self.buffer.first()?;
            let unit = match (self.place.shape, first) {
                (Shape::Unknown, b'[') => {
                    self.place.shape = Shape::Array;
                    self.consume(1);
                    continue;
                }
                (Shape::Array, b']') => {
                    self.place.shape = Shape::Unknown;
                    self.consume(1);
                    continue;
                }
                (Shape::Array, _) => Unit::element(first),
                (Shape::Unknown, b'{') => Unit::object(),
                (Shape::Unknown | Shape::Lines, _) => {
                    self.place.shape = Shape::Lines;
                    Unit::Line
                }
            };
            return Some(UnderWay { unit, from: self.place, scanned: 0, head: None });
        }
    }

    /// Scans on for the end of `record`.
    fn extent(&mut self, record: &mut UnderWay) -> Extent {
        let mut cut = Cut::No;
        let rest = self.buffer.get(record.scanned..).unwrap_or_default();
        if matches!(record.unit, Unit::Line) {
            // Lines are most of what is ever read, and this is many times faster than the loop below.
            let newline = memchr::memchr(b'\n', rest);
            record.scanned += newline.map_or(rest.len(), |at| at + 1);
            cut = newline.map_or(Cut::No, |_| Cut::After);
        } else {
            let is_object = matches!(record.unit, Unit::Object { .. });
            for byte in rest {
                cut = record.unit.step(*byte);
                match cut {
                    Cut::No => record.scanned += 1,
                    Cut::After => {
                        record.scanned += 1;
                        break;
                    }
                    Cut::Before | Cut::GiveBack => break,
                }
                if is_object && record.scanned > self.max_bytes {
                    return Extent::GiveBack;
                }
            }
        }
        let open = matches!(record.unit, Unit::Object { closed: false, .. });
        match cut {
            Cut::GiveBack => return Extent::GiveBack,
            Cut::Before | Cut::After => return Extent::Closed,
            Cut::No => {}
        }
        match self.end {
            End::Ahead => {}
            End::Final if open => return Extent::GiveBack,
            End::Final => return Extent::Closed,
            End::ForNow if self.is_whole(record) => return Extent::Closed,
            End::ForNow => return Extent::Open,
        }
        // Security: a record without an end must not take all memory.
        if record.head.is_some() || self.is_too_long(record) {
            record.head.get_or_insert_with(|| self.head());
            self.consume(record.scanned);
            record.scanned = 0;
        }
        Extent::Open
    }

    /// Whether a record that the input's end cuts off is whole all the same, as a last line without a line break may be.
    fn is_whole(&self, record: &UnderWay) -> bool {
        let text = self.buffer.get(..record.scanned).unwrap_or_default();
        match record.unit {
            Unit::Line | Unit::Object { .. } => {
                record.head.is_none() && serde_json::from_slice::<IgnoredAny>(text).is_ok()
            }
            // Its array is still open: `1` may be the start of `12`.
            Unit::Element(_) | Unit::Scalar { .. } | Unit::Torn { .. } => false,
        }
    }

    /// Whether what the buffer holds of `record` is more than it may take, its line end aside.
    fn is_too_long(&self, record: &UnderWay) -> bool {
        let last = record.scanned.checked_sub(1).and_then(|at| self.buffer.get(at));
        record.scanned - usize::from(last == Some(&b'\n')) > self.max_bytes
    }

    /// What is kept of a record that is too long.
    fn head(&self) -> Bytes {
        let kept = KEPT_BYTES.min(self.max_bytes);
        Bytes::copy_from_slice(self.buffer.get(..kept).unwrap_or(&self.buffer))
    }

    fn finish(&mut self, record: UnderWay) -> Frame {
        if let Unit::Object { lines, .. } = record.unit {
            self.place.shape = if lines { Shape::Unknown } else { Shape::Lines };
        }
        let too_long = self.is_too_long(&record).then(|| self.head());
        let bytes = self.buffer.split_to(record.scanned).freeze();
        self.pass(&bytes);
        let content = match record.head.or(too_long) {
            Some(head) => Content::TooLong { head, bytes: self.place.offset - record.from.offset },
            None => Content::Whole(bytes.slice_ref(bytes.trim_ascii())),
        };
        Frame {
            content,
            from: record.from,
            next: self.place,
            mark: self.trail.as_ref().map(Trail::mark),
        }
    }

    fn consume(&mut self, count: usize) {
        let consumed = self.buffer.split_to(count);
        self.pass(&consumed);
    }

    fn pass(&mut self, bytes: &[u8]) {
        if let Some(trail) = &mut self.trail {
            trail.push(bytes);
        }
        let lines = memchr::memchr_iter(b'\n', bytes).count();
        self.place.offset += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.place.line += u64::try_from(lines).unwrap_or(u64::MAX);
    }
}

/// A byte order mark.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Whether more is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ahead,
    Final,
    ForNow,
}

enum Extent {
    Open,
    Closed,
    GiveBack,
}

#[cfg(test)]
mod tests;
