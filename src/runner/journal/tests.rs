//! The files stay within their bound, and what was noted last is found.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::clock::Clock;
use crate::finalization::EventStatus;
use crate::journal::{Journal, Moment};

fn note(journal: &Journal, id: &str, status: EventStatus) {
    journal.note(Arc::from(id), Moment::Ended { status, detail: Some("x".repeat(2000)) });
}

#[test]
fn the_newest_notes_are_found_and_the_files_stay_within_their_bound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a").join("journal.ndjson");
    for round in 0..2 {
        let writer = Writer::open(&path, 10_000).unwrap();
        let clock = Clock::from_fn(move || Duration::from_secs(1_000_000_000 + round));
        let (journal, notes) = Journal::new(clock, 1000);
        for _ in 0..20 {
            note(&journal, "other", EventStatus::Delivered);
        }
        note(&journal, "mine", EventStatus::Rejected);
        drop(journal);
        writer.run(notes);
    }
    let size = |path: &Path| path.metadata().unwrap().len();
    assert!(size(&path) + size(&older(&path)) <= 10_000);
    let life = find(&path, "mine").unwrap();
    let said: Vec<_> = life.iter().map(|line| (line.at.as_str(), line.what.as_str())).collect();
    assert_eq!(said.last(), Some(&("2001-09-09T01:46:41.000Z", "ended")));
    assert!(life.iter().all(|line| line.detail.starts_with("rejected: xxx")));
    assert!(life.iter().all(|line| line.detail.len() <= 600));
    assert!(find(&path, "nobody").unwrap().is_empty());
}

#[test]
fn what_was_ignored_is_found_between_what_came_in_and_what_it_became() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.ndjson");
    let writer = Writer::open(&path, 10_000).unwrap();
    let (journal, notes) = Journal::new(Clock::from_fn(|| Duration::ZERO), 10);
    journal.note(Arc::from("m"), Moment::Ignored("`steps` of it".to_owned()));
    journal.note(Arc::from("m"), Moment::Planned(Vec::new()));
    drop(journal);
    writer.run(notes);
    let life = find(&path, "m").unwrap();
    let said: Vec<_> = life.iter().map(|it| (it.what.as_str(), it.detail.as_str())).collect();
    assert_eq!(said, [("ignored", "`steps` of it"), ("planned", "")]);
}

#[test]
fn what_is_no_note_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.ndjson");
    let good = r#"{"at":"x","message_id":"m","what":"received","detail":"track"}"#;
    std::fs::write(
        &path,
        format!("nonsense\n{good}\n\"{}\"\n{}", "y".repeat(100_000), &good.split_at(20).0),
    )
    .unwrap();
    assert_eq!(find(&path, "m").unwrap().len(), 1);
    assert!(find(&folder.path().join("absent"), "m").is_err());
}
