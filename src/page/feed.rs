//! The rows a page shows: the newest of an endless sequence, with counts of all there ever were.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::filter::Filter;
use super::row::{Outcome, Row};
use crate::event::EventType;

/// Security: what is shown is foreign, so the oldest rows go: a hundred thousand stay, or a quarter of a GiB of them.
const MAX_ROWS: usize = 100_000;
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// Seconds that the chart of arrivals reaches back.
pub(super) const SECONDS: usize = 60;

/// The newest rows, and counts of all.
#[derive(Debug)]
pub(crate) struct Feed {
    rows: VecDeque<(usize, Row)>,
    most: usize,
    bytes: usize,
    counts: BTreeMap<EventType, u64>,
    total: u64,
    /// How many went without ever having been rows
    missed: u64,
    /// How many came in each of the newest seconds, by second
    arrivals: VecDeque<(u64, u64)>,
}

/// A part of the rows: those a page of the list shows.
#[derive(Debug)]
pub(super) struct Window<'a> {
    /// Newest first
    pub(super) rows: Vec<&'a Row>,
    /// How many match, on all pages
    pub(super) matching: usize,
    /// Whether there are older ones that match
    pub(super) has_older: bool,
}

impl Default for Feed {
    fn default() -> Self {
        Self::with_room(MAX_ROWS)
    }
}

impl Feed {
    /// A feed that keeps so many rows, or as many as are not too large together.
    pub(crate) fn with_room(most: usize) -> Self {
        Self {
            rows: VecDeque::new(),
            most,
            bytes: 0,
            counts: BTreeMap::new(),
            total: 0,
            missed: 0,
            arrivals: VecDeque::new(),
        }
    }

    /// Adds the newest row.
    pub(crate) fn push(&mut self, row: Row) {
        *self.counts.entry(row.kind).or_default() += 1;
        self.total += 1;
        self.arrived(row.at.as_secs());
        let bytes = row.weight();
        self.bytes += bytes;
        if self.rows.capacity() == 0 {
            // All of it, which only takes memory as it is filled: to grow would be to copy what is there, time and again.
            self.rows.reserve_exact(self.most + 1);
        }
        self.rows.push_back((bytes, row));
        while self.rows.len() > self.most || (self.bytes > MAX_BYTES && self.rows.len() > 1) {
            if let Some((bytes, _)) = self.rows.pop_front() {
                self.bytes -= bytes;
            }
        }
    }

    /// Notes that so many came that could not be shown.
    pub(crate) fn miss(&mut self, count: u64) {
        self.missed += count;
    }

    /// Notes what came of a row, if it is still there.
    pub(crate) fn end(&mut self, number: u64, outcome: Outcome) {
        self.amend(number, |row| row.outcome = outcome);
    }

    /// Changes a row, if it is still there.
    pub(crate) fn amend(&mut self, number: u64, change: impl FnOnce(&mut Row)) {
        if let Ok(at) = self.rows.binary_search_by_key(&number, |(_, row)| row.number)
            && let Some((bytes, row)) = self.rows.get_mut(at)
        {
            change(row);
            let weight = row.weight();
            self.bytes = self.bytes.saturating_sub(*bytes).saturating_add(weight);
            *bytes = weight;
        }
    }

    /// The row with this number.
    pub(crate) fn row(&self, number: u64) -> Option<&Row> {
        let at = self.rows.binary_search_by_key(&number, |(_, row)| row.number).ok()?;
        self.rows.get(at).map(|(_, row)| row)
    }

    /// The rows that are kept, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().rev().map(|(_, row)| row)
    }

    /// Of all rows there ever were, how many are of this kind.
    pub(super) fn count(&self, kind: EventType) -> u64 {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    pub(super) const fn missed(&self) -> u64 {
        self.missed
    }

    pub(super) fn kept(&self) -> usize {
        self.rows.len()
    }

    /// The newest rows that match, `length` of them at most.
    pub(super) fn window(&self, filter: &Filter, length: usize) -> Window<'_> {
        let (mut rows, mut matching, mut has_older) = (Vec::with_capacity(length), 0, false);
        for row in self.newest_first().filter(|row| filter.matches(row)) {
            matching += 1;
            if filter.before.is_some_and(|before| row.number >= before) {
                continue;
            }
            if rows.len() < length {
                rows.push(row);
                continue;
            }
            has_older = true;
            if filter.takes_all() {
                // The rest need not be looked at.
                matching = self.rows.len();
                break;
            }
        }
        Window { rows, matching, has_older }
    }

    /// How many came in each of the seconds up to `now`, the oldest first.
    pub(super) fn arrivals(&self, now: Duration) -> Vec<u64> {
        let now = now.as_secs();
        let span = u64::try_from(SECONDS).unwrap_or(u64::MAX);
        let second = |ago: u64| now.checked_sub(ago);
        let count = |at: u64| {
            let found = self.arrivals.iter().rev().find(|(second, _)| *second == at);
            found.map_or(0, |(_, count)| *count)
        };
        // The second that has only begun would always look like a fall.
        (1..=span).rev().map(|ago| second(ago).map_or(0, count)).collect()
    }

    fn arrived(&mut self, second: u64) {
        match self.arrivals.back_mut() {
            // A clock that went back counts for the newest second.
            Some((newest, count)) if *newest >= second => *count += 1,
            Some(_) | None => self.arrivals.push_back((second, 1)),
        }
        if self.arrivals.len() > SECONDS + 2 {
            self.arrivals.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    pub(in super::super) fn row(number: u64, kind: EventType, name: &str) -> Row {
        Row {
            number,
            at: Duration::from_secs(number),
            sink: None,
            kind,
            label: kind.as_str(),
            name: Some(name.into()),
            user: Some("Ann".into()),
            outcome: Outcome::Answered(202),
            requests: Vec::new(),
            facts: Vec::new(),
            payload: Bytes::from_static(b"{\"needle\":1}"),
        }
    }

    fn numbers(feed: &Feed, filter: &Filter, length: usize) -> Vec<u64> {
        feed.window(filter, length).rows.iter().map(|row| row.number).collect()
    }

    #[test]
    fn a_feed_keeps_as_many_rows_as_it_was_made_for() {
        let mut feed = Feed::with_room(3);
        for number in 0..5 {
            feed.push(row(number, EventType::Track, "x"));
        }
        assert_eq!((feed.kept(), feed.total()), (3, 5));
        let room = feed.rows.capacity();
        (5..9).for_each(|number| feed.push(row(number, EventType::Track, "x")));
        assert_eq!(feed.rows.capacity(), room, "it never grows");
        let before = feed.bytes;
        feed.amend(8, |row| row.facts.push(("Why", "four".into())));
        assert_eq!(feed.bytes, before + 4);
    }

    #[test]
    fn a_hundred_thousand_rows_are_kept_and_all_are_counted() {
        let mut feed = Feed::default();
        for number in 0..100_007 {
            feed.push(row(number, EventType::Track, "x"));
        }
        assert_eq!((feed.kept(), feed.total()), (100_000, 100_007));
        assert_eq!(feed.count(EventType::Track), 100_007);
        assert!(feed.row(6).is_none());
        assert_eq!(feed.row(7).map(|row| row.number), Some(7));
    }

    #[test]
    fn what_is_kept_is_never_too_large_together() {
        let large = Bytes::from(vec![b'x'; 1024 * 1024]);
        let mut feed = Feed::default();
        for number in 0..300 {
            // They share one payload here, and count as if each had its own.
            feed.push(Row { payload: large.clone(), ..row(number, EventType::Track, "x") });
        }
        assert!(feed.bytes <= MAX_BYTES && (250..256).contains(&feed.kept()), "{}", feed.kept());
        assert_eq!(feed.total(), 300);
    }

    #[test]
    fn a_window_is_the_newest_that_match_before_a_number() {
        let mut feed = Feed::default();
        for number in 0..10 {
            let kind = if number % 2 == 0 { EventType::Track } else { EventType::Group };
            feed.push(row(number, kind, "x"));
        }
        let all = Filter::default();
        assert_eq!(numbers(&feed, &all, 3), [9, 8, 7]);
        let tracks = Filter { kind: Some(EventType::Track), before: Some(6), ..Filter::default() };
        assert_eq!(numbers(&feed, &tracks, 2), [4, 2]);
        let window = feed.window(&tracks, 2);
        assert_eq!((window.matching, window.has_older), (5, true));
        let none = Filter { search: "absent".to_owned(), ..Filter::default() };
        assert_eq!(numbers(&feed, &none, 3), [0; 0]);
    }

    #[test]
    fn an_outcome_reaches_its_row_only() {
        let mut feed = Feed::default();
        feed.push(row(3, EventType::Track, "x"));
        feed.push(row(8, EventType::Track, "x"));
        feed.end(8, Outcome::Answered(500));
        feed.end(4, Outcome::Answered(500));
        assert_eq!(feed.row(3).map(|row| row.outcome), Some(Outcome::Answered(202)));
        assert_eq!(feed.row(8).map(|row| row.outcome), Some(Outcome::Answered(500)));
    }

    #[test]
    fn arrivals_are_counted_by_second_and_the_one_that_runs_is_left_out() {
        let mut feed = Feed::default();
        for number in [50, 59, 59, 60] {
            feed.push(Row {
                at: Duration::from_secs(number),
                ..row(number, EventType::Track, "x")
            });
        }
        let arrivals = feed.arrivals(Duration::from_secs(60));
        assert_eq!(arrivals.len(), SECONDS);
        assert_eq!(arrivals.last(), Some(&2));
        assert_eq!(arrivals.iter().sum::<u64>(), 3);
    }
}
