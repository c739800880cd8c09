//! What of a record is done for good, for whoever sends it again: that must not be done twice, least of all behind
//! something newer.

use std::collections::BTreeMap;

/// Something more is done for good. Told from the outermost part inwards, so that nothing is allocated on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance<'a> {
    /// All of it
    Whole,
    /// It goes back to its source as Errored. Its idempotency keys below this generation are used up: Courier would repeat
    /// the answers it gave to them
    Back(u32),
    /// Something of its part at this position, from 0: of a record its events, and where it goes to several sinks, first these.
    /// Of an event the plans it had, each at a position that tells its rules from others, and of a plan its steps
    Part(usize, &'a Advance<'a>),
}

/// All that was told of a record, or of a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    is_whole: bool,
    went_back: bool,
    generation: u32,
    parts: BTreeMap<usize, Done>,
}

impl Done {
    /// Of something whose keys begin with `generation`, and of whose parts, by position, so much is done: for whoever has
    /// written it down and reads it back.
    #[must_use]
    pub fn of(generation: u32, parts: impl IntoIterator<Item = (usize, Self)>) -> Self {
        Self { generation, parts: parts.into_iter().collect(), ..Self::default() }
    }

    /// Of something that is done as a whole.
    #[must_use]
    pub const fn whole() -> Self {
        Self { is_whole: true, went_back: false, generation: 0, parts: BTreeMap::new() }
    }

    /// Takes note that it has advanced.
    pub fn note(&mut self, advance: &Advance<'_>) {
        match advance {
            Advance::Whole => *self = Self::whole(),
            Advance::Back(generation) => {
                self.went_back = true;
                self.generation = self.generation.max(*generation);
            }
            Advance::Part(position, advance) => {
                self.parts.entry(*position).or_default().note(advance);
            }
        }
    }

    /// Whether nothing of it is left to do.
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Whether it was sent before, and went back.
    pub const fn went_back(&self) -> bool {
        self.went_back
    }

    /// Whether nothing of it is known to be done.
    pub fn is_nothing(&self) -> bool {
        !self.is_whole && self.generation == 0 && self.parts.is_empty()
    }

    /// The generation that its idempotency keys begin with.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// What is done of its part at `position`.
    #[must_use]
    pub fn part(&self, position: usize) -> Self {
        self.parts.get(&position).cloned().unwrap_or_default()
    }

    /// Its parts of which something is done, by position.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = (usize, &Self)> {
        self.parts.iter().map(|(position, part)| (*position, part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_the_whole_forgets_them() {
        let mut done = Done::default();
        assert!(done.is_nothing() && !done.is_whole());
        done.note(&Advance::Part(2, &Advance::Part(1, &Advance::Whole)));
        done.note(&Advance::Part(2, &Advance::Back(3)));
        done.note(&Advance::Part(2, &Advance::Back(2)));
        done.note(&Advance::Part(0, &Advance::Whole));
        let second = done.part(2);
        assert!(done.part(0).is_whole() && done.part(1).is_nothing() && !done.is_nothing());
        assert!(second.went_back() && !done.went_back());
        assert_eq!((second.generation(), second.part(1).is_whole()), (3, true));
        let positions: Vec<_> = done.parts().map(|(position, _)| position).collect();
        assert_eq!(positions, [0, 2]);
        done.note(&Advance::Whole);
        assert_eq!(done, Done::whole());
    }
}
