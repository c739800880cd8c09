//! Run and message ids that look like Courier's (`1-<8 hex>-<24 hex>`) and repeat with the seed.

/// How long an id is.
const ID_CHARS: usize = 35;

/// Gives ids one after another; no clock and no randomness go in.
#[derive(Debug)]
pub(super) struct Ids {
    state: u64,
}

/// An id that is not written out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Id(u64, u64);

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(super) fn give(&mut self) -> Id {
        Id(self.step(), self.step())
    }

    /// SplitMix64: a counter whose every state is visited once, so ids do not repeat.
    fn step(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Id {
    pub(super) fn text(self) -> String {
        let Self(first, second) = self;
        let mut id = String::with_capacity(ID_CHARS);
        id.push_str("1-");
        push_hex(&mut id, first >> 32, 8);
        id.push('-');
        push_hex(&mut id, first, 8);
        push_hex(&mut id, second, 16);
        id
    }
}

/// Adds the last digits of a number. Every event is answered with an id, so it is not `format!` that writes it.
fn push_hex(id: &mut String, value: u64, digits: u32) {
    let digit = |at| char::from_digit(u32::try_from((value >> (4 * at)) & 0xf).ok()?, 16);
    id.extend((0..digits).rev().filter_map(digit));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_seed_others() {
        let ids = |seed| {
            let mut ids = Ids::new(seed);
            [(); 3].map(|()| ids.give().text())
        };
        assert_eq!(ids(7), ids(7));
        assert_ne!(ids(7), ids(8));
        assert_ne!(ids(7)[0], ids(7)[1]);
    }

    #[test]
    fn an_id_has_the_form_of_couriers() {
        let id = Ids::new(0).give().text();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [1, 8, 24]);
        assert_eq!(id.len(), ID_CHARS);
        assert!(id.starts_with("1-"));
        assert!(id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()));
    }
}
