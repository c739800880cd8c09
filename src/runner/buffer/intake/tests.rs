//! What becomes of records that gather while others are written.

use super::*;
use crate::finalization::{Acknowledge, EventFinalizer, EventStatus};

/// Its source reads it again, or does not.
struct Waiting(bool);

impl Acknowledge for Waiting {
    fn acknowledge(self: Box<Self>, status: EventStatus) {
        assert_eq!(status, if self.0 { EventStatus::Errored } else { EventStatus::Delivered });
    }

    fn is_recalled(&self) -> bool {
        self.0
    }
}

#[test]
fn what_gathered_behind_a_write_that_failed_goes_back_where_its_source_reads_it_again() {
    let max_size = (1 << 24).try_into().unwrap();
    let limits = Limits { max_size, when_full: WhenFull::Block };
    let (mut group, mut expected) = (Group::default(), Group::default());
    for is_recalled in [true, false, true] {
        let finalizer = EventFinalizer::new(Waiting(is_recalled));
        group.push(Record::new("{}", 1).with_finalizer(finalizer), &limits);
    }
    expected.push(Record::new("{}", 1), &limits);
    group.give_back();
    assert_eq!((group.records.len(), group.bytes), (1, expected.bytes));
    for source in group.sources {
        source.finalizer.finalize(EventStatus::Delivered);
    }
}
