//! Several sinks behind one door, of which one gives an event back.

use super::*;

#[tokio::test]
async fn what_is_behind_an_event_that_one_of_several_sinks_gives_back_is_recalled_at_once() {
    let (door, mut records) = door(settings());
    let mut request = pin!(accept(&door, events(&[1, 2, 3])));
    assert_eq!(request.as_mut().now_or_never(), None);
    let mut resend = pin!(accept(&door, events(&[1, 4])));
    assert_eq!(resend.as_mut().now_or_never(), None);
    let (first, second) = (next(&mut records).unwrap().1, next(&mut records).unwrap().1);
    let both = first.share();
    let (one, other) = (both.finalizer(), both.finalizer());
    drop((both, one));
    assert!(second.is_recalled());
    assert_eq!(next(&mut records).map(|(id, _)| id), None, "3 and 4 go back as well");
    second.finalize(EventStatus::Delivered);
    assert_eq!(request.as_mut().now_or_never(), None, "the other sink works on");
    other.finalize(EventStatus::Delivered);
    assert_eq!((request.await, resend.await), (Verdict::Errored, Verdict::Errored));
}
