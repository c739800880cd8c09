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
    found: AtomicU64,
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

    /// What is to come. Numbers that belong together may be apart by what happens while they are read.
    pub fn unread(&self) -> Unread {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (given, found, searched) = (load(&self.given), load(&self.found), load(&self.searched));
        let ahead = self.total().saturating_sub(searched);
        let waiting = found.saturating_sub(given);
        let known = found.saturating_add(load(&self.done));
        let records = match ahead {
            0 => Some(waiting),
            _ if known == 0 || searched == 0 => None,
            _ => {
                let more = u128::from(known) * u128::from(ahead) / u128::from(searched);
                Some(waiting.saturating_add(u64::try_from(more).unwrap_or(u64::MAX)))
            }
        };
        Unread { bytes: self.total().saturating_sub(self.read()), records, given }
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
        self.add(u64::try_from(records).unwrap_or(u64::MAX), |it| &it.found);
    }

    /// A record was given.
    pub(in crate::runner) fn give(&self) {
        self.add(1, |it| &it.given);
    }

    /// So many bytes will be read again, and so many records that were found will be found again.
    pub(in crate::runner) fn go_back(&self, bytes: u64, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.read.fetch_sub(bytes, Ordering::Relaxed);
        self.searched.fetch_min(self.read(), Ordering::Relaxed);
        self.found.fetch_sub(records, Ordering::Relaxed);
        if let Some(whole) = &self.whole {
            whole.read.fetch_sub(bytes, Ordering::Relaxed);
            whole.found.fetch_sub(records, Ordering::Relaxed);
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unread_is_judged_by_what_was_read() {
        let whole = Arc::new(Progress::default());
        let progress = Progress::part_of(Arc::clone(&whole));
        assert_eq!(progress.unread(), Unread { bytes: 0, records: Some(0), given: 0 });
        progress.expect(10_000);
        assert_eq!(progress.unread().records, None, "nothing was found yet");
        // Half of the file was done before.
        progress.advance(5000);
        progress.pass(50);
        assert_eq!(progress.unread(), Unread { bytes: 5000, records: Some(50), given: 0 });
        progress.advance(1000);
        progress.find(10);
        (0..3).for_each(|_| progress.give());
        // 7 of those found wait to be given, and 40 are in the other 4000 bytes.
        assert_eq!(progress.unread(), Unread { bytes: 4000, records: Some(47), given: 3 });
        // What is read and was not looked through is no different from what is not read.
        progress.advance(500);
        assert_eq!(progress.unread(), Unread { bytes: 3500, records: Some(47), given: 3 });
        assert_eq!((whole.read(), whole.total()), (6500, 10_000));
        // All of it goes back.
        progress.go_back(1500, 7);
        assert_eq!((progress.unread().bytes, whole.read()), (5000, 5000));
    }

    #[test]
    fn the_unread_parts_of_several_sources_add_up() {
        let known = Unread { bytes: 1, records: Some(2), given: 3 };
        assert_eq!(known + known, Unread { bytes: 2, records: Some(4), given: 6 });
        assert_eq!((known + Unread { records: None, ..known }).records, None);
    }
}
