//! A `vector.PushEventsRequest` cut into its events, one by one and without a copy.
//!
//! In: the bytes of a message. Out: the bytes of each event in it, or [`Malformed`] where they are no message. What an
//! event holds is not looked at, so a broken one costs only itself.

use bytes::{Buf, Bytes};
use prost::decode_length_delimiter;

/// The bytes are not a message of protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request is not a message of protobuf from byte {at} on")]
pub(super) struct Malformed {
    /// Where it begins to be none
    at: usize,
}

/// The key of `events`: field 1, length-delimited.
const EVENTS: usize = 1 << 3 | 2;

/// The events of a request. Security: nothing is kept but the request itself, however many it holds.
#[derive(Debug)]
pub(super) struct Events {
    rest: Bytes,
    length: usize,
}

impl Events {
    /// The events of `request`, in their order.
    pub(super) fn of(request: Bytes) -> Self {
        Self { length: request.len(), rest: request }
    }

    /// The next event, or an end. Fields of other versions are skipped.
    fn take(&mut self) -> Result<Option<Bytes>, Malformed> {
        let malformed = Malformed { at: self.length - self.rest.len() };
        while self.rest.has_remaining() {
            let mut number = || decode_length_delimiter(&mut self.rest).map_err(|_| malformed);
            let key = number()?;
            let length = match key & 7 {
                0 => {
                    number()?;
                    0
                }
                1 => 8,
                2 => number()?,
                5 => 4,
                _ => return Err(malformed),
            };
            if key >> 3 == 0 || length > self.rest.len() {
                return Err(malformed);
            }
            let field = self.rest.split_to(length);
            if key == EVENTS {
                return Ok(Some(field));
            }
        }
        Ok(None)
    }
}

impl Iterator for Events {
    type Item = Result<Bytes, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let event = self.take();
        if event.is_err() {
            self.rest.clear();
        }
        event.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(request: &[u8]) -> Vec<Result<Bytes, Malformed>> {
        Events::of(Bytes::copy_from_slice(request)).collect()
    }

    #[test]
    fn events_are_cut_off_and_unknown_fields_are_skipped() {
        let request = b"\x0a\x01a\x10\x96\x01\x19........\x22\x02..\x2d....\x0a\x00\x0a\x02bc";
        let events = ["a", "", "bc"].map(|event| Ok(Bytes::from(event)));
        assert_eq!(cut(request), events);
        assert_eq!(cut(b""), []);
    }

    #[test]
    fn what_is_no_message_says_where_and_ends() {
        for (request, at) in [
            (&b"\x0a\x01a\x0a\x05a"[..], 3),
            (b"\x0a", 0),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 0),
            (b"\x0b\x0c", 0),
            (b"\x02\x00", 0),
            (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 0),
            (b"\x0a\x00\x19....", 2),
        ] {
            assert_eq!(cut(request).last(), Some(&Err(Malformed { at })), "{request:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_come_to_an_end(request in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let events = cut(&request);
            proptest::prop_assert!(events.iter().rev().skip(1).all(Result::is_ok));
        }
    }
}
