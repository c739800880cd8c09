//! The end of a run whose buffer has no room left.

use courier_sink::finalization::EventStatus::{Delivered, Errored};
use courier_sink::sink::Record;

use crate::support::{Buffer, payload};

#[tokio::test]
async fn what_waits_for_room_goes_back_to_its_source_once_the_sink_is_gone() {
    let buffer = Buffer::new();
    let mut run = buffer.run();
    for number in 0..20 {
        run.send_record(number, Record::new(payload(number, 1 << 20), number.into())).await;
    }
    let ends = run.stop_without_sink().await;
    let stored = u64::try_from(ends.iter().filter(|(_, status)| *status == Delivered).count());
    let stored = stored.expect("they are few");
    assert!((1..20).contains(&stored), "{ends:?}");
    let expected =
        (0..20).map(|number| (number, if number < stored { Delivered } else { Errored }));
    assert_eq!(ends, expected.collect::<Vec<_>>());
    assert_eq!(buffer.left(), stored);
}
