//! How much of its files a source has read, found in them and given: shared by those who read and those who look.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of files as they are on disk, and the records in them.
#[derive(Debug, Default)]
pub struct Progress {
    /// What this is a part of
    whole: Option<Arc<Progress>>,
    read: AtomicU64,
    total: AtomicU64,
    /// Records that were done before
    done: AtomicU64,
    /// Records in what was searched
    found: AtomicU64,
    /// Those of them that were neither given nor left out yet
    waiting: AtomicU64,
    /// Records that went back, until they are read again
    back: AtomicU64,
    /// Bytes that had been read when the last record was found: what was read since has not been looked through
    searched: AtomicU64,
    given: AtomicU64,
}

/// What is to come of some sources, judged by what came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Bytes that were not read
    pub bytes: u64,
    /// About as many records as have not been given; `None` while there are bytes and no record to judge them by
    pub records: Option<u64>,
    /// Records that were given
    pub given: u64,
    /// Whether some went back, and wait to be read again before anything newer
    pub waits_again: bool,
}

impl Progress {
    /// The progress of one source of those that `whole` is about.
    pub fn part_of(whole: Arc<Progress>) -> Self {
        Self { whole: Some(whole), ..Self::default() }
    }

    /// Bytes read so far, those that were passed over included.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Bytes there are; grows when a source has looked at its files.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Records found so far, in what was not put back.
    pub(in crate::runner) fn found(&self) -> u64 {
        self.found.load(Ordering::Relaxed)
    }

    /// What is to come. Numbers that belong together may be apart by what happens while they are read.
    pub fn unread(&self) -> Unread {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (given, searched, back) = (load(&self.given), load(&self.searched), load(&self.back));
        let ahead = self.total().saturating_sub(searched);
        let waiting = load(&self.waiting).saturating_add(back);
        let known = load(&self.found).saturating_add(load(&self.done));
        let records = match ahead {
            0 => Some(waiting),
            _ if known == 0 || searched == 0 => None,
            _ => {
                let more = u128::from(known) * u128::from(ahead) / u128::from(searched);
                Some(waiting.saturating_add(u64::try_from(more).unwrap_or(u64::MAX)))
            }
        };
        let bytes = self.total().saturating_sub(self.read());
        Unread { bytes, records, given, waits_again: back > 0 }
    }

    pub(in crate::runner) fn advance(&self, bytes: u64) {
        self.add(bytes, |it| &it.read);
    }

    pub(in crate::runner) fn expect(&self, bytes: u64) {
        self.add(bytes, |it| &it.total);
    }

    /// What was read so far holds so many records that were done before, and are not given.
    pub(in crate::runner) fn pass(&self, records: u64) {
        self.searched.store(self.read(), Ordering::Relaxed);
        self.add(records, |it| &it.done);
    }

    /// So many records were found in what was read. To be called by whoever reads.
    pub(in crate::runner) fn find(&self, records: usize) {
        self.searched.store(self.read(), Ordering::Relaxed);
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.add(records, |it| &it.found);
        self.add(records, |it| &it.waiting);
    }

    /// A record was given.
    pub(in crate::runner) fn give(&self) {
        self.add(1, |it| &it.given);
        self.leave_out(1);
    }

    /// So many records that were found are not given, or not before they are found again.
    pub(in crate::runner) fn leave_out(&self, records: usize) {
        self.take_away(u64::try_from(records).unwrap_or(u64::MAX), |it| &it.waiting);
    }

    /// So many records that were given went back, and wait to be read again; none when that begins.
    pub(in crate::runner) fn wait_again(&self, records: usize) {
        self.back.store(u64::try_from(records).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// So many bytes will be read again, and about so many records found again in them.
    pub(in crate::runner) fn go_back(&self, bytes: u64, records: u64) {
        self.take_away(bytes, |it| &it.read);
        self.searched.fetch_min(self.read(), Ordering::Relaxed);
        self.take_away(records, |it| &it.found);
    }

    /// What is counted by estimates or at other ends may be less than what is taken away.
    fn take_away(&self, count: u64, which: impl Fn(&Self) -> &AtomicU64) {
        for it in [Some(self), self.whole.as_deref()].into_iter().flatten() {
            // It gives a new value whatever there was.
            let _ = which(it).fetch_update(Ordering::Relaxed, Ordering::Relaxed, |before| {
                Some(before.saturating_sub(count))
            });
        }
    }

    fn add(&self, count: u64, which: impl Fn(&Self) -> &AtomicU64) {
        which(self).fetch_add(count, Ordering::Relaxed);
        if let Some(whole) = &self.whole {
            which(whole).fetch_add(count, Ordering::Relaxed);
        }
    }
}

impl std::ops::Add for Unread {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            records: self.records.zip(other.records).map(|(one, more)| one.saturating_add(more)),
            given: self.given.saturating_add(other.given),
            waits_again: self.waits_again || other.waits_again,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread(bytes: u64, records: u64, given: u64) -> Unread {
        Unread { bytes, records: Some(records), given, waits_again: false }
    }

    #[test]
    fn what_is_unread_is_judged_by_what_was_read() {
        let whole = Arc::new(Progress::default());
        let progress = Progress::part_of(Arc::clone(&whole));
        assert_eq!(progress.unread(), unread(0, 0, 0));
        progress.expect(10_000);
        assert_eq!(progress.unread().records, None, "nothing was found yet");
        // Half of the file was done before.
        progress.advance(5000);
        progress.pass(50);
        assert_eq!(progress.unread(), unread(5000, 50, 0));
        progress.advance(1000);
        progress.find(10);
        (0..3).for_each(|_| progress.give());
        // 7 of those found wait to be given, and 40 are in the other 4000 bytes.
        assert_eq!(progress.unread(), unread(4000, 47, 3));
        // What is read and was not looked through is no different from what is not read.
        progress.advance(500);
        assert_eq!(progress.unread(), unread(3500, 47, 3));
        assert_eq!((whole.read(), whole.total()), (6500, 10_000));
        // Two went back, and wait for the third to end.
        progress.wait_again(2);
        assert_eq!(progress.unread(), Unread { waits_again: true, ..unread(3500, 49, 3) });
        // All of it is read again: one of the three is not given again.
        progress.leave_out(7);
        progress.go_back(1500, 10);
        progress.wait_again(0);
        assert_eq!((progress.unread(), whole.read()), (unread(5000, 50, 3), 5000));
        progress.advance(1000);
        progress.find(10);
        progress.leave_out(1);
        assert_eq!(progress.unread(), unread(4000, 49, 3));
    }

    #[test]
    fn the_unread_parts_of_several_sources_add_up() {
        let known = unread(1, 2, 3);
        assert_eq!(known + known, unread(2, 4, 6));
        assert_eq!((known + Unread { records: None, ..known }).records, None);
        assert!((known + Unread { waits_again: true, ..known }).waits_again);
    }
}
