//! Rows between two ids, such as a tenant and a user; found from either side. Bounded, the row written longest ago goes
//! first. It does not know what the ids are of.

use std::collections::BTreeSet;
use std::iter;
use std::ops::Bound;
use std::sync::Arc;

use super::super::retention::{Limits, Table};

type Pair = (Arc<str>, Arc<str>);

/// Rows by (left, right).
#[derive(Debug)]
pub(in super::super) struct Pairs<V> {
    rows: Table<Pair, V>,
    /// The same pairs as (right, left).
    by_right: BTreeSet<Pair>,
}

impl<V> Pairs<V> {
    pub(in super::super) fn new(limits: Limits) -> Self {
        Self { rows: Table::new(limits), by_right: BTreeSet::new() }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(in super::super) fn get(&self, left: &str, right: &str) -> Option<&V> {
        self.rows.get(&pair(left, right))
    }

    /// Writes a row that takes so many `bytes` beside its ids.
    pub(in super::super) fn put(&mut self, left: &str, right: &str, value: V, bytes: usize) {
        self.by_right.insert(pair(right, left));
        // The ids are kept twice, once per side.
        let bytes = 2 * (left.len() + right.len()) + bytes;
        for (left, right) in self.rows.insert(pair(left, right), value, bytes) {
            self.by_right.remove(&(right, left));
        }
    }

    pub(in super::super) fn remove(&mut self, left: &str, right: &str) -> Option<V> {
        self.by_right.remove(&pair(right, left));
        self.rows.remove(&pair(left, right))
    }

    pub(in super::super) fn remove_left(&mut self, left: &str) {
        let rights: Vec<String> = self.of_left(left, None).map(|(right, _)| right.into()).collect();
        for right in rights {
            self.remove(left, &right);
        }
    }

    pub(in super::super) fn remove_right(&mut self, right: &str) {
        let lefts: Vec<String> = self.of_right(right, None).map(|(left, _)| left.into()).collect();
        for left in lefts {
            self.remove(&left, right);
        }
    }

    /// What stands to the right of `left` after one, in order.
    pub(in super::super) fn of_left(
        &self,
        left: &str,
        after: Option<&str>,
    ) -> impl Iterator<Item = (&str, &V)> {
        self.rows
            .from(start(left, after))
            .take_while(move |((found, _), _)| **found == *left)
            .map(|((_, right), value)| (&**right, value))
    }

    /// What stands to the left of `right` after one, in order.
    pub(in super::super) fn of_right(
        &self,
        right: &str,
        after: Option<&str>,
    ) -> impl Iterator<Item = (&str, &V)> {
        self.by_right
            .range((start(right, after), Bound::Unbounded))
            .take_while(move |(found, _)| **found == *right)
            .filter_map(|(right, left)| {
                let value = self.rows.get(&(Arc::clone(left), Arc::clone(right)))?;
                Some((&**left, value))
            })
    }

    /// Whatever stands to the left, from an id on, in order and once each.
    pub(in super::super) fn lefts(&self, from: Bound<Arc<str>>) -> impl Iterator<Item = &str> {
        once_each(from, |start| self.rows.from(start).next().map(|((left, _), _)| &**left))
    }

    /// Whatever stands to the right, from an id on, in order and once each.
    pub(in super::super) fn rights(&self, from: Bound<Arc<str>>) -> impl Iterator<Item = &str> {
        let pairs = |start| self.by_right.range((start, Bound::Unbounded));
        once_each(from, move |start| pairs(start).next().map(|(right, _)| &**right))
    }
}

/// The ids that come first in pairs, from one on. `first` gives that of the first pair past a bound: so a search for each
/// id, however many pairs it has.
fn once_each<'a>(
    from: Bound<Arc<str>>,
    first: impl Fn(Bound<Pair>) -> Option<&'a str>,
) -> impl Iterator<Item = &'a str> {
    // No text comes between another one and the same with this at its end.
    let past = |id: &str| Bound::Included(pair(&format!("{id}\0"), ""));
    let start = match from {
        Bound::Included(id) => start(&id, None),
        Bound::Excluded(id) => past(&id),
        Bound::Unbounded => Bound::Unbounded,
    };
    iter::successors(first(start), move |id| first(past(id)))
}

fn pair(first: &str, second: &str) -> Pair {
    (Arc::from(first), Arc::from(second))
}

fn start(first: &str, after: Option<&str>) -> Bound<Pair> {
    match after {
        Some(after) => Bound::Excluded(pair(first, after)),
        // The empty string sorts before every other.
        None => Bound::Included(pair(first, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_forgotten_for_room_is_gone_from_both_sides() {
        let mut pairs = Pairs::new(Limits { entries: 1, bytes: usize::MAX });
        pairs.put("t1", "u", (), 0);
        pairs.put("t2", "u", (), 0);
        let lefts: Vec<_> = pairs.of_right("u", None).map(|(left, ())| left).collect();
        assert_eq!(lefts, ["t2"]);
        assert_eq!(pairs.by_right.len(), 1);
        assert_eq!(pairs.of_left("t1", None).count(), 0);
    }

    #[test]
    fn what_is_right_of_an_id_is_not_what_is_right_of_its_neighbour_in_the_order() {
        let mut pairs = Pairs::new(Limits { entries: 9, bytes: usize::MAX });
        for (left, right) in [("a", "x"), ("b", "y"), ("b", "z"), ("bb", "w")] {
            pairs.put(left, right, (), 0);
        }
        let rights =
            |after| -> Vec<&str> { pairs.of_left("b", after).map(|(right, ())| right).collect() };
        assert_eq!(rights(None), ["y", "z"]);
        assert_eq!(rights(Some("y")), ["z"]);
    }

    #[test]
    fn each_id_of_a_side_is_found_once_however_many_pairs_it_is_in() {
        let mut pairs = Pairs::new(Limits { entries: 9, bytes: usize::MAX });
        for (left, right) in [("a", "y"), ("b", "x"), ("b", "y"), ("b\0", "x"), ("bb", "z")] {
            pairs.put(left, right, (), 0);
        }
        let lefts = |from| pairs.lefts(from).collect::<Vec<_>>();
        assert_eq!(lefts(Bound::Unbounded), ["a", "b", "b\0", "bb"]);
        assert_eq!(lefts(Bound::Included(Arc::from("b"))), ["b", "b\0", "bb"]);
        assert_eq!(lefts(Bound::Excluded(Arc::from("b"))), ["b\0", "bb"]);
        let rights: Vec<_> = pairs.rights(Bound::Included(Arc::from("y"))).collect();
        assert_eq!(rights, ["y", "z"]);
    }

    #[test]
    fn either_side_can_go_whole() {
        let mut pairs = Pairs::new(Limits { entries: 9, bytes: usize::MAX });
        for (left, right) in [("a", "x"), ("a", "y"), ("b", "y")] {
            pairs.put(left, right, (), 0);
        }
        pairs.remove_right("y");
        assert_eq!((pairs.len(), pairs.of_left("b", None).count()), (1, 0));
        pairs.remove_left("a");
        assert_eq!((pairs.len(), pairs.by_right.len()), (0, 0));
    }
}
