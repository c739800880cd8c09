//! What ends Errored of a file that is followed.

use futures::stream::BoxStream;
use tempfile::TempDir;

use super::*;
use crate::finalization::Advance;

/// The records of `a.log`, which holds `text` and is followed.
fn follow(folder: &TempDir, text: &str) -> BoxStream<'static, Record> {
    let followed = FollowFiles {
        read_from: ReadFrom::Beginning,
        glob_cooldown: Duration::from_secs(1),
        rotate_wait: Duration::from_secs(5),
    };
    opened(folder, text, Some(followed)).records
}

/// The same, followed or not.
fn opened(folder: &TempDir, text: &str, follow: Option<FollowFiles>) -> Opened {
    std::fs::write(folder.path().join("a.log"), text).unwrap();
    let state = folder.path().join("state/checkpoints.json");
    let checkpoints = Checkpoints::open(state, Start::Continue, Follow::Acknowledgements).unwrap();
    let Kind::Files { mut source, checkpoints } =
        files(folder.path().join("*.log").display().to_string(), &checkpoints)
    else {
        panic!("they are files")
    };
    source.follow = follow;
    open(Kind::Files { source, checkpoints }, 1 << 10, context()).unwrap()
}

/// Where the next records are, which are delivered.
async fn deliver(records: &mut BoxStream<'static, Record>, count: usize) -> Vec<u64> {
    let mut lines = Vec::new();
    while lines.len() < count {
        let record = records.next().await.unwrap();
        lines.push(record.origin.line.unwrap());
        record.finalizer.finalize(EventStatus::Delivered);
    }
    lines
}

#[tokio::test(start_paused = true)]
async fn what_went_back_of_a_followed_file_is_read_again_before_anything_newer() {
    let folder = tempfile::tempdir().unwrap();
    let mut records = follow(&folder, "one\ntwo\nthree\nfour\nfive\n");
    let mut given = Vec::new();
    while given.len() < 4 {
        given.push(records.next().await.unwrap());
    }
    let ends = [EventStatus::Delivered, EventStatus::Errored, EventStatus::Delivered];
    let fourth = given.pop().unwrap();
    for (record, status) in given.into_iter().zip(ends) {
        record.finalizer.finalize(status);
    }
    // Held open, it can be read though it has gone.
    std::fs::remove_file(folder.path().join("a.log")).unwrap();
    let wait = tokio::time::timeout(Duration::from_secs(600), records.next());
    assert!(wait.await.is_err(), "one is still under way");
    drop(fourth);
    let mut again = Vec::new();
    for _ in 0..3 {
        let record = records.next().await.unwrap();
        let Payload::Bytes(bytes) = record.payload else { panic!("it is short") };
        again.push((record.origin.line, String::from_utf8(bytes.to_vec()).unwrap()));
        record.finalizer.finalize(EventStatus::Delivered);
    }
    let expected = [(2, "two"), (4, "four"), (5, "five")];
    assert_eq!(again, expected.map(|(line, text)| (Some(line), text.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn nothing_newer_is_given_once_a_part_of_a_record_went_back_though_others_are_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut records = follow(&folder, "one\ntwo\nthree\n");
    let (first, second) = (records.next().await.unwrap(), records.next().await.unwrap());
    // Two events of a record, or two sinks; the source waits for the third record as it is told.
    let whole = first.finalizer.share();
    let (part, other) = (whole.finalizer(), whole.finalizer());
    drop((whole, part));
    assert!(second.finalizer.is_recalled(), "whoever has not begun it need not");
    let wait = tokio::time::timeout(Duration::from_secs(600), records.next());
    assert!(wait.await.is_err(), "the other part is under way");
    second.finalizer.finalize(EventStatus::Delivered);
    other.finalize(EventStatus::Delivered);
    assert_eq!(deliver(&mut records, 2).await, [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn what_is_done_of_a_record_is_known_when_it_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut records = follow(&folder, "one\n");
    let mut first = records.next().await.unwrap();
    assert!(first.done.is_nothing());
    first.finalizer.advance(&Advance::Part(3, &Advance::Whole));
    drop(first);
    let again = records.next().await.unwrap();
    assert!(again.done.part(3).is_whole() && again.done.part(0).is_nothing());
    again.finalizer.finalize(EventStatus::Delivered);
}

/// A thousand lines: more than is read ahead.
fn lines(text: &str) -> String {
    format!("{text:500}\n").repeat(1000)
}

/// Of the lines that are numbered so, how each is to end.
async fn end(records: &mut BoxStream<'static, Record>, ends: &[(u64, EventStatus)]) {
    let mut given = Vec::new();
    for (line, status) in ends {
        let record = records.next().await.unwrap();
        assert_eq!(record.origin.line, Some(*line));
        given.push((record, *status));
    }
    for (record, status) in given {
        record.finalizer.finalize(status);
    }
}

#[tokio::test(start_paused = true)]
async fn what_went_back_of_a_file_that_is_not_followed_is_read_again_before_anything_newer() {
    use EventStatus::{Delivered, Errored, Rejected};
    let folder = tempfile::tempdir().unwrap();
    let Opened { mut records, .. } = opened(&folder, &lines("one"), None);
    end(&mut records, &[(1, Delivered), (2, Errored), (3, Rejected), (4, Errored)]).await;
    end(&mut records, &[(2, Delivered), (4, Errored), (5, Delivered)]).await;
    end(&mut records, &[(4, Delivered), (6, Delivered)]).await;
    assert_eq!(deliver(&mut records, 994).await.last(), Some(&1000));
    assert!(records.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn where_nothing_gets_anywhere_the_rest_is_for_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let source = opened(&folder, &lines("one"), None);
    let is_whole = source.is_whole().unwrap();
    let mut records = source.records;
    end(&mut records, &[(1, EventStatus::Delivered), (2, EventStatus::Errored)]).await;
    end(&mut records, &[(2, EventStatus::Errored), (3, EventStatus::Errored)]).await;
    assert!(records.next().await.is_none());
    assert!(!is_whole.load(Ordering::Relaxed));
    // A file that is read to its end is whole, whatever becomes of what was read: it is owed.
    let source = opened(&folder, "line\n", None);
    let is_whole = source.is_whole().unwrap();
    let mut records = source.records;
    let last = records.next().await.unwrap();
    assert!(records.next().await.is_none() && is_whole.load(Ordering::Relaxed));
    drop(last);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_another_by_then_is_told_and_not_mixed_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut records = opened(&folder, &lines("one"), None).records;
    let (first, second) = (records.next().await.unwrap(), records.next().await.unwrap());
    std::fs::write(folder.path().join("a.log"), lines("other")).unwrap();
    second.finalizer.finalize(EventStatus::Delivered);
    drop(first);
    assert!(records.next().await.is_none());
    let mut records = opened(&folder, &lines("other"), None).records;
    assert_eq!(deliver(&mut records, 1).await, [1]);
}
