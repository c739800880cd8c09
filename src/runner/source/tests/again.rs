//! What ends Errored of a file that is followed.

use futures::stream::BoxStream;
use tempfile::TempDir;

use super::*;
use crate::finalization::Advance;

/// The records of `a.log`, which holds `text` and is followed.
fn follow(folder: &TempDir, text: &str) -> BoxStream<'static, Record> {
    std::fs::write(folder.path().join("a.log"), text).unwrap();
    let state = folder.path().join("state/checkpoints.json");
    let checkpoints = Checkpoints::open(state, Start::Continue, Follow::Acknowledgements).unwrap();
    let Kind::Files { mut source, checkpoints } =
        files(folder.path().join("*.log").display().to_string(), &checkpoints)
    else {
        panic!("they are files")
    };
    source.follow = Some(FollowFiles {
        read_from: ReadFrom::Beginning,
        glob_cooldown: Duration::from_secs(1),
        rotate_wait: Duration::from_secs(5),
    });
    open(Kind::Files { source, checkpoints }, 1 << 10, context()).unwrap().records
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
