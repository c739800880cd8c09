//! Run and message ids that look like Courier's (`1-<8 hex>-<24 hex>`) and repeat with the seed.

/// Gives ids one after another; no clock and no randomness go in.
#[derive(Debug)]
pub(super) struct Ids {
    state: u64,
}

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(super) fn give(&mut self) -> String {
        let (first, second) = (self.step(), self.step());
        let head = first >> 32;
        let middle = first & 0xffff_ffff;
        format!("1-{head:08x}-{middle:08x}{second:016x}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_seed_others() {
        let ids = |seed| {
            let mut ids = Ids::new(seed);
            [ids.give(), ids.give(), ids.give()]
        };
        assert_eq!(ids(7), ids(7));
        assert_ne!(ids(7), ids(8));
        assert_ne!(ids(7)[0], ids(7)[1]);
    }

    #[test]
    fn an_id_has_the_form_of_couriers() {
        let id = Ids::new(0).give();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [1, 8, 24]);
        assert!(id.starts_with("1-"));
        assert!(id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()));
    }
}
