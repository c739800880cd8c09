//! The door alone: what a client is told, and what comes out of the other end.

mod recalled;

use std::pin::pin;

use bytes::Bytes;
use futures::{FutureExt, StreamExt};

use super::registry::MAX_JOINED;
use super::*;
use crate::event::{Seed, Trust};
use crate::json::Members;

const TIMEOUT: Duration = Duration::from_secs(10);

fn settings() -> DoorSettings {
    let number = |number| NonZeroUsize::new(number).unwrap();
    DoorSettings {
        acknowledgements: true,
        timeout: TIMEOUT,
        recent: number(3),
        max_in_flight_bytes: number(1 << 20),
    }
}

fn door(settings: DoorSettings) -> (Door, futures::stream::BoxStream<'static, Record>) {
    let (door, records) = Door::new(settings);
    (door, records.boxed())
}

fn arrival(text: &str) -> Arrival {
    Arrival {
        payload: Payload::Bytes(Bytes::copy_from_slice(text.as_bytes())),
        identity: Identity::of("test", &Members::of(text)),
        origin: Origin {
            name: "test".into(),
            line: None,
            seed: Seed::Random(7),
            trust: Trust::Trusted,
        },
    }
}

fn events(ids: &[u32]) -> Vec<Arrival> {
    ids.iter().map(|id| arrival(&format!("{{\"messageId\":\"{id}\"}}"))).collect()
}

/// Nothing was counted for the request before.
fn accept(door: &Door, events: Vec<Arrival>) -> impl Future<Output = Verdict> {
    let held = door.budget().take(0).expect("there is room for nothing");
    door.accept(events, held)
}

/// The next record if there is one, with its text.
fn next(records: &mut (impl Stream<Item = Record> + Unpin)) -> Option<(String, EventFinalizer)> {
    let record = records.next().now_or_never()??;
    let Payload::Bytes(bytes) = record.payload else {
        panic!("every event here is readable");
    };
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let id = text.trim_start_matches("{\"messageId\":\"").trim_end_matches("\"}");
    Some((id.to_owned(), record.finalizer))
}

fn end(records: &mut (impl Stream<Item = Record> + Unpin), status: EventStatus) -> Vec<String> {
    let ended = std::iter::from_fn(|| next(records)).map(|(id, finalizer)| {
        finalizer.finalize(status);
        id
    });
    ended.collect()
}

#[tokio::test]
async fn a_request_is_safe_when_all_its_events_are_and_they_keep_their_order() {
    let (door, mut records) = door(settings());
    let mut request = pin!(accept(&door, events(&[1, 2, 3])));
    assert_eq!(request.as_mut().now_or_never(), None);
    let (first, finalizer) = next(&mut records).unwrap();
    finalizer.finalize(EventStatus::Rejected);
    assert_eq!((first.as_str(), request.as_mut().now_or_never()), ("1", None));
    assert_eq!(end(&mut records, EventStatus::Delivered), ["2", "3"]);
    assert_eq!(request.now_or_never(), Some(Verdict::Safe));
    assert_eq!(door.budget().held(), 0);
    assert_eq!(accept(&door, Vec::new()).now_or_never(), Some(Verdict::Safe));
}

#[tokio::test]
async fn a_resend_joins_what_is_under_way_and_sends_what_is_new() {
    let (door, mut records) = door(settings());
    let mut first = pin!(accept(&door, events(&[1, 2])));
    assert_eq!(first.as_mut().now_or_never(), None);
    let mut second = pin!(accept(&door, events(&[2, 3])));
    assert_eq!(second.as_mut().now_or_never(), None);
    assert_eq!(end(&mut records, EventStatus::Delivered), ["1", "2", "3"]);
    assert_eq!(first.now_or_never(), Some(Verdict::Safe));
    assert_eq!(second.now_or_never(), Some(Verdict::Safe));
}

#[tokio::test]
async fn what_was_safe_lately_is_answered_at_once_until_it_is_forgotten() {
    let (door, mut records) = door(settings());
    let mut request = pin!(accept(&door, events(&[1, 2, 3, 4])));
    assert_eq!(request.as_mut().now_or_never(), None);
    end(&mut records, EventStatus::Delivered);
    assert_eq!(accept(&door, events(&[2, 3, 4, 4])).now_or_never(), Some(Verdict::Safe));
    assert!(next(&mut records).is_none());
    // Three are remembered.
    assert_eq!(accept(&door, events(&[1])).now_or_never(), None);
    assert_eq!(end(&mut records, EventStatus::Delivered), ["1"]);
}

#[tokio::test]
async fn what_has_failed_is_sent_again_and_nothing_behind_it_overtakes_it() {
    let (door, mut records) = door(settings());
    let mut request = pin!(accept(&door, events(&[1, 2, 3])));
    let mut other = pin!(accept(&door, events(&[4])));
    let mut joined = pin!(accept(&door, events(&[1])));
    for request in [request.as_mut(), other.as_mut(), joined.as_mut()] {
        assert_eq!(request.now_or_never(), None);
    }
    let (first, finalizer) = next(&mut records).unwrap();
    drop(finalizer);
    assert_eq!(first, "1");
    assert_eq!(end(&mut records, EventStatus::Delivered), ["4"]);
    assert_eq!(request.now_or_never(), Some(Verdict::Errored));
    assert_eq!(joined.now_or_never(), Some(Verdict::Errored));
    assert_eq!(other.now_or_never(), Some(Verdict::Safe));
    let mut again = pin!(accept(&door, events(&[1, 2, 3])));
    assert_eq!(again.as_mut().now_or_never(), None);
    assert_eq!(end(&mut records, EventStatus::Delivered), ["1", "2", "3"]);
    assert_eq!(again.now_or_never(), Some(Verdict::Safe));
}

#[tokio::test(start_paused = true)]
async fn a_late_request_is_told_so_and_its_resend_learns_the_end() {
    let (door, mut records) = door(settings());
    let start = tokio::time::Instant::now();
    assert_eq!(accept(&door, events(&[1])).await, Verdict::Late);
    assert_eq!(start.elapsed(), TIMEOUT);
    let (_, finalizer) = next(&mut records).unwrap();
    let mut resend = pin!(accept(&door, events(&[1])));
    assert_eq!(resend.as_mut().now_or_never(), None);
    finalizer.finalize(EventStatus::Delivered);
    assert_eq!(resend.now_or_never(), Some(Verdict::Safe));
    assert!(next(&mut records).is_none());
}

#[tokio::test]
async fn events_go_on_when_their_client_is_gone() {
    let (door, mut records) = door(settings());
    assert_eq!(accept(&door, events(&[1, 2])).now_or_never(), None);
    assert_eq!(end(&mut records, EventStatus::Delivered), ["1", "2"]);
    assert_eq!(accept(&door, events(&[1, 2])).now_or_never(), Some(Verdict::Safe));
}

#[tokio::test]
async fn a_thousand_resends_of_one_event_leave_nothing_behind() {
    let (door, mut records) = door(settings());
    for _ in 0..1000 {
        assert_eq!(accept(&door, events(&[1])).now_or_never(), None);
    }
    let (_, finalizer) = next(&mut records).unwrap();
    assert!(next(&mut records).is_none());
    finalizer.finalize(EventStatus::Delivered);
    assert_eq!(door.budget().held(), 0);
}

#[tokio::test]
async fn too_much_is_refused_whole_and_at_once() {
    let limit = NonZeroUsize::new(2 * (OVERHEAD_BYTES + 17)).unwrap();
    let (door, mut records) = door(DoorSettings { max_in_flight_bytes: limit, ..settings() });
    let mut first = pin!(accept(&door, events(&[1])));
    assert_eq!(first.as_mut().now_or_never(), None);
    assert_eq!(accept(&door, events(&[2, 3])).now_or_never(), Some(Verdict::Overloaded));
    assert_eq!(accept(&door, events(&[1, 2])).now_or_never(), None);
    // A resend takes nothing.
    assert_eq!(accept(&door, events(&[1, 2])).now_or_never(), None);
    assert_eq!(end(&mut records, EventStatus::Delivered), ["1", "2"]);
    // Alone, anything is let in.
    assert_eq!(accept(&door, events(&[5, 6, 7])).now_or_never(), None);
    assert_eq!(end(&mut records, EventStatus::Delivered), ["5", "6", "7"]);
}

#[tokio::test]
async fn what_was_held_for_a_request_cannot_be_taken_from_it_when_it_is_handed_over() {
    let limit = NonZeroUsize::new(2 * (OVERHEAD_BYTES + 17)).unwrap();
    let (door, mut records) = door(DoorSettings { max_in_flight_bytes: limit, ..settings() });
    let mut held = door.budget().take(0).unwrap();
    assert!(held.grow_to(OVERHEAD_BYTES + 200));
    let other = door.budget().take(limit.get() - OVERHEAD_BYTES - 200).unwrap();
    assert_eq!(door.accept(events(&[1]), held).now_or_never(), None);
    // What it did not need is there for others.
    drop(door.budget().take(180).unwrap());
    assert_eq!(end(&mut records, EventStatus::Delivered), ["1"]);
    drop(other);
    assert_eq!(door.budget().held(), 0);
}

#[tokio::test]
async fn few_wait_for_the_same_event_and_those_who_have_gone_make_room() {
    let (door, mut records) = door(settings());
    let mut waiting = Vec::new();
    for _ in 0..=MAX_JOINED {
        let mut request = Box::pin(accept(&door, events(&[1])));
        assert_eq!(request.as_mut().now_or_never(), None);
        waiting.push(request);
    }
    assert_eq!(accept(&door, events(&[2, 1])).now_or_never(), Some(Verdict::Overloaded));
    waiting.pop();
    let mut last = pin!(accept(&door, events(&[1, 3])));
    assert_eq!(last.as_mut().now_or_never(), None);
    assert_eq!(end(&mut records, EventStatus::Delivered), ["1", "3"]);
    for request in waiting {
        assert_eq!(request.now_or_never(), Some(Verdict::Safe));
    }
    assert_eq!(last.now_or_never(), Some(Verdict::Safe));
}

#[tokio::test]
async fn an_event_that_is_in_a_request_many_times_is_sent_once_and_told_for_all() {
    let (door, mut records) = door(settings());
    for (status, verdict) in
        [(EventStatus::Errored, Verdict::Errored), (EventStatus::Delivered, Verdict::Safe)]
    {
        let mut first = pin!(accept(&door, events(&[1; 3 * MAX_JOINED])));
        let mut joined = pin!(accept(&door, events(&[1; 3 * MAX_JOINED])));
        assert_eq!((&mut first).now_or_never(), None);
        assert_eq!((&mut joined).now_or_never(), None);
        assert_eq!(end(&mut records, status), ["1"]);
        assert_eq!((first.now_or_never(), joined.now_or_never()), (Some(verdict), Some(verdict)));
    }
}

#[tokio::test]
async fn without_acknowledgements_it_is_enough_that_the_sink_has_taken_them() {
    let (door, mut records) = door(DoorSettings { acknowledgements: false, ..settings() });
    let mut request = pin!(accept(&door, events(&[1, 2])));
    assert_eq!(request.as_mut().now_or_never(), None);
    let _first = next(&mut records).unwrap();
    assert_eq!(request.as_mut().now_or_never(), None);
    let (_, finalizer) = next(&mut records).unwrap();
    assert_eq!(request.now_or_never(), Some(Verdict::Safe));
    drop(finalizer);
    assert_eq!(accept(&door, events(&[1, 2])).now_or_never(), Some(Verdict::Safe));
}

#[tokio::test]
async fn a_closed_door_lets_out_what_is_in_and_nothing_more_in() {
    let (door, mut records) = door(settings());
    let mut request = pin!(accept(&door, events(&[1])));
    assert_eq!(request.as_mut().now_or_never(), None);
    door.close();
    assert!(door.is_closed());
    assert_eq!(accept(&door, events(&[2])).await, Verdict::Closed);
    let (_, finalizer) = next(&mut records).unwrap();
    assert!(records.next().await.is_none());
    finalizer.finalize(EventStatus::Delivered);
    assert_eq!(request.await, Verdict::Safe);
}

#[tokio::test]
async fn a_stream_that_is_dropped_gives_everything_back() {
    let (door, mut records) = door(settings());
    let mut request = pin!(accept(&door, events(&[1, 2])));
    assert_eq!(request.as_mut().now_or_never(), None);
    let (_, finalizer) = next(&mut records).unwrap();
    drop(records);
    finalizer.finalize(EventStatus::Delivered);
    assert_eq!(request.await, Verdict::Errored);
    assert_eq!(accept(&door, events(&[2])).await, Verdict::Closed);
    assert_eq!(door.budget().held(), 0);
}

#[tokio::test]
async fn whoever_waits_for_records_is_woken() {
    let (door, mut records) = door(settings());
    let taken = tokio::spawn(async move { next_when_there(&mut records).await });
    tokio::task::yield_now().await;
    assert_eq!(accept(&door, events(&[1])).await, Verdict::Safe);
    assert_eq!(taken.await.unwrap(), 1);
}

async fn next_when_there(records: &mut (impl Stream<Item = Record> + Unpin)) -> usize {
    let record = records.next().await.unwrap();
    record.finalizer.finalize(EventStatus::Delivered);
    1
}
