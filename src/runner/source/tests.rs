//! Real files in a temporary folder, read as a run reads them.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures::StreamExt;

use super::*;
use crate::finalization::EventStatus;
use crate::runner::checkpoint::{Follow, Start};

fn zip(text: &str) -> Vec<u8> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::default());
    zip.write_all(text.as_bytes()).unwrap();
    zip.finish().unwrap()
}

/// Reads the files that match `glob` in `folder`: where each record was from, what it held, how many problems.
async fn read_all(
    folder: &Path,
    glob: &str,
    status: EventStatus,
) -> (Vec<(String, String)>, usize) {
    let path = folder.join("state/checkpoints.json");
    let checkpoints = Checkpoints::open(path, Start::Continue, Follow::Acknowledgements).unwrap();
    let kind = Kind::Files {
        include: vec![folder.join(glob).display().to_string()],
        exclude: Vec::new(),
        checkpoints: checkpoints.clone(),
        progress: Arc::default(),
    };
    let problems = Arc::default();
    let mut records = Box::pin(read(kind, 1 << 10, Arc::clone(&problems)).unwrap());
    let mut found = Vec::new();
    while let Some(record) = records.next().await {
        let text = match record.payload {
            Payload::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Payload::Unreadable { problem, .. } => problem,
        };
        let origin = record.origin.to_string();
        let origin = origin.rsplit('/').next().unwrap_or_default().to_owned();
        found.push((origin, text));
        record.finalizer.finalize(status);
    }
    checkpoints.save().unwrap();
    (found, problems.load(Ordering::Relaxed))
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).into()
}

#[tokio::test]
async fn files_are_read_in_order_and_each_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("b.log"), "one\ntwo\n").unwrap();
    std::fs::write(path("a.log"), "zero\n").unwrap();
    let first = read_all(folder.path(), "*.log", EventStatus::Delivered).await;
    let expected = pairs([("a.log:1", "zero"), ("b.log:1", "one"), ("b.log:2", "two")]);
    assert_eq!(first, (expected, 0));
    std::fs::write(path("b.log"), "one\ntwo\nthree\n").unwrap();
    let second = read_all(folder.path(), "*.log", EventStatus::Errored).await;
    assert_eq!(second, (pairs([("b.log:3", "three")]), 0));
    // The same content under another name, and packed.
    std::fs::remove_file(path("b.log")).unwrap();
    std::fs::write(path("c.log.gz"), zip("one\ntwo\nthree\n")).unwrap();
    let third = read_all(folder.path(), "*.log*", EventStatus::Rejected).await;
    assert_eq!(third, (pairs([("c.log.gz:3", "three")]), 0));
}

#[tokio::test]
async fn files_that_begin_alike_are_both_read_and_a_shorter_one_from_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a"), "[\n1,\n2]").unwrap();
    std::fs::write(path("b"), "[\n3]").unwrap();
    let both = pairs([("a:2", "1"), ("a:3", "2"), ("b:2", "3")]);
    let first = read_all(folder.path(), "?", EventStatus::Delivered).await;
    assert_eq!(first, (both, 0));
    std::fs::write(path("a"), "[\n4").unwrap();
    let second = read_all(folder.path(), "?", EventStatus::Delivered).await;
    assert_eq!(second, (pairs([("a:2", "4")]), 0));
}

#[tokio::test]
async fn what_cannot_be_read_costs_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let lines: String = (0..500).map(|line| line.to_string() + "\n").collect();
    let packed = zip(&lines);
    std::fs::write(path("a.gz"), &packed[..packed.len() - 20]).unwrap();
    std::fs::write(path("b.gz"), "not packed").unwrap();
    std::fs::write(path("c"), format!("{}\nlast\n", "x".repeat(2000))).unwrap();
    let (found, problems) = read_all(folder.path(), "*", EventStatus::Delivered).await;
    assert_eq!(problems, 2);
    let of = |name: &str| {
        let of = found.iter().filter(|(origin, _)| origin.starts_with(name));
        of.cloned().collect::<Vec<_>>()
    };
    assert!(of("a.gz").len() > 100 && of("a.gz").len() < 500, "{}", of("a.gz").len());
    let long = "a record may take 1024 bytes, this one takes 2001; its first 1024 are kept";
    assert_eq!(of("c"), pairs([("c:1", long), ("c:2", "last")]));
}

#[tokio::test]
async fn a_glob_that_matches_nothing_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = read_all(folder.path(), "*.none", EventStatus::Delivered).await;
    assert_eq!(nothing, (Vec::new(), 1));
}
