//! What is done of a record, as bytes.

use super::frame::take;
use crate::finalization::Done;

const PARTS: u8 = 0;
const WHOLE: u8 = 1;

/// Security: how deep parts may lie in parts: a record has events, these have plans, and plans have steps.
const DEEPEST: usize = 4;

/// Appends it to `out`.
pub(super) fn write(done: &Done, out: &mut Vec<u8>) {
    if done.is_whole() {
        out.push(WHOLE);
        return;
    }
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    out.push(PARTS);
    out.extend(done.generation().to_le_bytes());
    let parts = done.parts();
    out.extend(number(parts.len()));
    for (position, part) in parts {
        out.extend(number(position));
        write(part, out);
    }
}

/// Reads what [`write()`] wrote, and leaves what is behind it.
pub(super) fn read(bytes: &mut &[u8]) -> Option<Done> {
    read_within(bytes, DEEPEST)
}

fn read_within(bytes: &mut &[u8], deepest: usize) -> Option<Done> {
    let [kind] = take(bytes)?;
    match kind {
        WHOLE => Some(Done::whole()),
        PARTS => {
            let deepest = deepest.checked_sub(1)?;
            let generation = u32::from_le_bytes(take(bytes)?);
            let mut parts = Vec::new();
            for _ in 0..u32::from_le_bytes(take(bytes)?) {
                let position = usize::try_from(u32::from_le_bytes(take(bytes)?)).ok()?;
                parts.push((position, read_within(bytes, deepest)?));
            }
            Some(Done::of(generation, parts))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_is_behind_it_is_left() {
        let event = Done::of(3, [(0, Done::whole()), (7, Done::of(0, []))]);
        let record = Done::of(0, [(1, Done::whole()), (2, event)]);
        for done in [Done::default(), Done::whole(), record] {
            let mut bytes = Vec::new();
            write(&done, &mut bytes);
            bytes.push(9);
            let mut rest = bytes.as_slice();
            assert_eq!(read(&mut rest), Some(done));
            assert_eq!(rest, [9]);
        }
    }

    #[test]
    fn parts_in_parts_come_to_an_end() {
        let parts = [PARTS, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(read(&mut parts.repeat(1 << 16).as_slice()), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = read(&mut bytes.as_slice());
        }
    }
}
