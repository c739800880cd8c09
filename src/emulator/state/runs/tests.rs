//! When runs end, of those that are kept.

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
    runs.cancel_all("token", secs(7));
    assert_eq!((runs.by_end.len(), runs.ended_last(secs(10))), (2, Some((secs(7), 2))));
    runs.push(run("d", 40));
    runs.push(run("e", 40));
    assert_eq!((runs.by_end.len(), runs.by_token.len()), (2, 2));
}
