//! Checkpoints of files that are only names: which is claimed, how far it moves, what is forgotten.

use super::*;
use crate::runner::source::framing::{Mark, Shape};

/// A place in a content of zeros.
fn reached(offset: u64) -> Reached {
    let zeros = vec![0; usize::try_from(offset).unwrap()];
    let head = &zeros[..zeros.len().min(1024)];
    let mark = Mark {
        head_bytes: u64::try_from(head.len()).unwrap(),
        head: hash(head),
        tail: hash(&zeros[zeros.len().saturating_sub(4096)..]),
    };
    Reached { place: Place { offset, line: 1, shape: Shape::Lines }, mark }
}

fn claim<const N: usize>(run: &Checkpoints, names: [&str; N]) -> [Claim; N] {
    let found = |name: &str| Found { path: name.into(), head: vec![0; 20] };
    let tail = |_: &Path, offset: u64| {
        Ok((offset <= 20).then(|| vec![0; usize::try_from(offset).unwrap()]))
    };
    run.claim(&names.map(found), &tail).try_into().unwrap()
}

#[tokio::test]
async fn a_restart_goes_on_before_the_first_record_that_is_owed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoints.json");
    let open = |start, follow| Checkpoints::open(path.clone(), start, follow).unwrap();
    let run = open(Start::Continue, Follow::Acknowledgements);
    let [a, b] = claim(&run, ["a", "b"]).map(|claim| claim.kept);
    run.begin(a, "a", reached(5)).await.unwrap().0.finalize(EventStatus::Rejected);
    drop(run.begin(a, "a", reached(9)).await);
    run.begin(a, "a", reached(12)).await.unwrap().0.finalize(EventStatus::Delivered);
    run.begin(b, "b", reached(3)).await.unwrap().0.finalize(EventStatus::Delivered);
    run.save().unwrap();

    let run = open(Start::Continue, Follow::Reading);
    let starts = claim(&run, ["copy", "b", "a"]);
    let offsets = starts.map(|claim| claim.start.offset);
    assert_eq!(offsets, [0, 3, 5], "equal contents are told apart by path");
    drop(run.begin(starts[2].kept, "a", reached(9)).await);
    run.save().unwrap();
    let renamed = claim(&open(Start::Continue, Follow::Reading), ["c"]);
    assert_eq!(renamed[0].start.offset, 9);
    let afresh = claim(&open(Start::Afresh, Follow::Reading), ["a"]);
    assert_eq!(afresh[0].start, Place::START);
}

#[tokio::test]
async fn what_is_gone_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoints.json");
    let open = || Checkpoints::open(path.clone(), Start::Continue, Follow::Reading).unwrap();
    let there = path.display().to_string();
    let run = open();
    let [a, b] = claim(&run, [&there, "gone"]).map(|claim| claim.kept);
    drop(run.begin(a, &there, reached(7)).await);
    drop(run.begin(b, "gone", reached(9)).await);
    run.save().unwrap();
    let run = open();
    run.forget_the_gone();
    run.save().unwrap();
    let [a, b] = claim(&open(), [&there, "gone"]);
    assert_eq!((a.start.offset, b.start.offset), (7, 0));
}

#[tokio::test]
async fn reading_waits_while_too_many_records_have_not_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoints.json");
    let run = Checkpoints::open(path, Start::Continue, Follow::Acknowledgements).unwrap();
    let [Claim { kept: a, .. }] = claim(&run, ["a"]);
    let first = run.begin(a, "a", reached(1)).await.unwrap().0;
    let mut rest = Vec::new();
    for _ in 1..MOST_OPEN {
        rest.push(run.begin(a, "a", reached(2)).await.unwrap().0);
    }
    let mut next = tokio_test::task::spawn(run.begin(a, "a", reached(3)));
    assert!(next.poll().is_pending());
    rest.pop().unwrap().finalize(EventStatus::Delivered);
    assert!(next.poll().is_pending(), "the first one still holds all");
    first.finalize(EventStatus::Delivered);
    assert!(next.is_woken() && next.poll().is_ready());
}
