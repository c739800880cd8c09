//! A sorted map that forgets the row written longest ago when a limit is passed.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Bound;

use super::{ENTRY_OVERHEAD, Limits};

/// Rows by key, in the order of their keys.
#[derive(Debug)]
pub(in super::super) struct Table<K, V> {
    rows: BTreeMap<K, Row<V>>,
    /// When each row was written last, oldest first.
    ages: BTreeMap<u64, K>,
    next_age: u64,
    bytes: usize,
    limits: Limits,
}

#[derive(Debug)]
struct Row<V> {
    age: u64,
    bytes: usize,
    value: V,
}

impl<K: Ord + Clone, V> Table<K, V> {
    pub(in super::super) fn new(limits: Limits) -> Self {
        Self { rows: BTreeMap::new(), ages: BTreeMap::new(), next_age: 0, bytes: 0, limits }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(in super::super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.rows.get(key).map(|row| &row.value)
    }

    /// Writes a row, as the youngest, and gives the keys of the rows forgotten for it.
    pub(in super::super) fn insert(&mut self, key: K, value: V, bytes: usize) -> Vec<K> {
        self.remove(&key);
        let (age, bytes) = (self.next_age, bytes + ENTRY_OVERHEAD);
        self.next_age += 1;
        self.ages.insert(age, key.clone());
        self.rows.insert(key, Row { age, bytes, value });
        self.bytes += bytes;
        let mut forgotten = Vec::new();
        while self.rows.len() > 1
            && (self.rows.len() > self.limits.entries || self.bytes > self.limits.bytes)
        {
            let Some((_, oldest)) = self.ages.first_key_value() else {
                break;
            };
            let oldest = oldest.clone();
            self.remove(&oldest);
            forgotten.push(oldest);
        }
        forgotten
    }

    pub(in super::super) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let row = self.rows.remove(key)?;
        self.ages.remove(&row.age);
        self.bytes -= row.bytes;
        Some(row.value)
    }

    /// The rows whose key is past `from`, in the order of their keys.
    pub(in super::super) fn from(&self, from: Bound<K>) -> impl Iterator<Item = (&K, &V)> {
        self.rows.range((from, Bound::Unbounded)).map(|(key, row)| (key, &row.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_written_longest_ago_is_forgotten_first() {
        let mut table = Table::new(Limits { entries: 2, bytes: usize::MAX });
        assert!(table.insert("a", 1, 0).is_empty());
        assert!(table.insert("b", 2, 0).is_empty());
        assert!(table.insert("a", 3, 0).is_empty());
        assert_eq!(table.insert("c", 4, 0), ["b"]);
        assert_eq!(table.get("a"), Some(&3));
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn bytes_count_for_the_last_write_only() {
        let mut table = Table::new(Limits { entries: 9, bytes: 2 * ENTRY_OVERHEAD + 100 });
        for _ in 0..10 {
            assert!(table.insert("a", (), 60).is_empty());
        }
        assert!(table.insert("b", (), 40).is_empty());
        assert_eq!(table.insert("b", (), 41), ["a"]);
        table.remove("b");
        assert_eq!((table.len(), table.bytes), (0, 0));
    }

    #[test]
    fn rows_come_in_the_order_of_their_keys() {
        let mut table = Table::new(Limits { entries: 9, bytes: usize::MAX });
        for key in ["c", "a", "b"] {
            table.insert(key, (), 0);
        }
        let keys: Vec<_> = table.from(Bound::Excluded("a")).map(|(key, ())| *key).collect();
        assert_eq!(keys, ["b", "c"]);
    }
}
