//! When runs end, of those that are kept, and cancels that are yet to come.

use serde_json::Value;

use super::super::records::Source;
use super::super::runs::RunStatus;
use super::*;

fn run(id: &str, ends_secs: u64) -> Run {
    Run {
        run_id: id.to_owned(),
        source: Source::AdHoc,
        started_by: StartedBy::Invoke,
        request: 0,
        recipient: None,
        context: Value::Null,
        cancelation_token: Some("token".to_owned()),
        steps: Vec::new(),
        outcome: RunStatus::Processed,
        created: Duration::ZERO,
        ends: Duration::from_secs(ends_secs),
    }
}

#[test]
fn when_runs_end_is_known_of_those_that_are_kept_and_changes_with_a_cancel() {
    let secs = Duration::from_secs;
    let mut runs = Runs::new(Limits { entries: 2, bytes: usize::MAX });
    for (id, ends) in [("a", 5), ("b", 20), ("c", 30)] {
        runs.push(run(id, ends));
    }
    assert_eq!((runs.by_end.len(), runs.ended_last(secs(10))), (2, None));
    assert_eq!(runs.ended_last(secs(20)), Some((secs(20), 1)));
    runs.cancel_all("token", secs(7), secs(7));
    assert_eq!((runs.by_end.len(), runs.ended_last(secs(10))), (2, Some((secs(7), 2))));
    runs.push(run("d", 40));
    runs.push(run("e", 40));
    assert_eq!((runs.by_end.len(), runs.by_token.len()), (2, 2));
}

#[test]
fn cancels_yet_to_come_are_bounded_and_those_that_have_come_make_room() {
    let mut runs = Runs::new(Limits { entries: 1, bytes: usize::MAX });
    let secs = Duration::from_secs;
    for number in 0..MOST_EXPECTED {
        assert!(runs.expect_cancel(&number.to_string(), secs(10), secs(0)));
    }
    assert!(!runs.expect_cancel("z", secs(20), secs(9)));
    assert!(runs.expect_cancel("z", secs(20), secs(10)));
    assert_eq!(runs.expected.len(), 1);
}

#[test]
fn the_first_cancel_after_a_runs_begin_is_the_one_it_expects() {
    let mut runs = Runs::new(Limits { entries: 1, bytes: usize::MAX });
    let secs = Duration::from_secs;
    for (token, at) in [("a", 30), ("z", 20), ("z", 10), ("zz", 15)] {
        runs.expect_cancel(token, secs(at), secs(0));
    }
    let expected = |begins| runs.expected_cancel("z", secs(begins));
    assert_eq!((expected(0), expected(10), expected(20)), (Some(secs(10)), Some(secs(20)), None));
}
