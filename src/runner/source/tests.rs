//! Real files in a temporary folder, read as a run reads them.

mod again;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::Clock;
use crate::config::{FileOrder, FollowFiles, ReadFrom};
use crate::finalization::EventStatus;
use crate::runner::checkpoint::{Follow, Start};

fn zip(text: &str) -> Vec<u8> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::default());
    zip.write_all(text.as_bytes()).unwrap();
    zip.finish().unwrap()
}

/// A thousand seconds after 1970.
fn context() -> Context {
    Context {
        name: "files".into(),
        stop: CancellationToken::new(),
        clock: Clock::from_fn(|| Duration::from_secs(1000)),
        chance: fastrand::Rng::with_seed(0),
        progress: Arc::default(),
        errors: SourceErrors::default(),
        problems: Arc::default(),
    }
}

/// Files read by their names.
fn files(glob: String, checkpoints: &Checkpoints) -> Kind {
    let source = FileSource {
        include: vec![glob],
        exclude: Vec::new(),
        ignore_checkpoints: false,
        order: FileOrder::Path,
        ignore_older: None,
        follow: None,
    };
    Kind::Files { source, checkpoints: checkpoints.clone() }
}

/// Reads the files that match `glob` in `folder`: where each record was from, what it held, how many problems.
async fn read_all(
    folder: &Path,
    glob: &str,
    status: EventStatus,
) -> (Vec<(String, String)>, usize) {
    let path = folder.join("state/checkpoints.json");
    let checkpoints = Checkpoints::open(path, Start::Continue, Follow::Acknowledgements).unwrap();
    let kind = files(folder.join(glob).display().to_string(), &checkpoints);
    let context = context();
    let problems = Arc::clone(&context.problems);
    let mut records = open(kind, 1 << 10, context).unwrap().records;
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
async fn a_file_in_the_place_of_another_is_read_whole_though_it_begins_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let read = || read_all(folder.path(), "*.json", EventStatus::Delivered);
    std::fs::write(path("day1.json"), "[\n1,\n2\n]\n").unwrap();
    let first = pairs([("day1.json:2", "1"), ("day1.json:3", "2")]);
    assert_eq!(read().await, (first, 0));
    // Another name, then the same name, then both.
    std::fs::remove_file(path("day1.json")).unwrap();
    std::fs::write(path("day2.json"), "[\n3,\n4\n]\n").unwrap();
    let second = pairs([("day2.json:2", "3"), ("day2.json:3", "4")]);
    assert_eq!(read().await, (second, 0));
    std::fs::write(path("day2.json"), "[\n5,\n6,\n7\n]\n").unwrap();
    let third = pairs([("day2.json:2", "5"), ("day2.json:3", "6"), ("day2.json:4", "7")]);
    assert_eq!(read().await, (third, 0));
    std::fs::write(path("day1.json"), "[\n5,\n8\n]\n").unwrap();
    assert_eq!(read().await, (pairs([("day1.json:2", "5"), ("day1.json:3", "8")]), 0));
    assert_eq!(read().await, (Vec::new(), 0));
}

#[tokio::test]
async fn a_file_keeps_its_checkpoint_when_it_grows_is_renamed_or_copied() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let read = || read_all(folder.path(), "*.log*", EventStatus::Delivered);
    let mut text = "1\n".to_owned();
    std::fs::write(path("a.log"), &text).unwrap();
    assert_eq!(read().await, (pairs([("a.log:1", "1")]), 0));
    // Over the length that its start is compared by, and that its end is.
    let mut lines = 1;
    for length in [10, 1_000, 5_000, 20_000] {
        while text.len() < length {
            lines += 1;
            text += &(lines.to_string() + "\n");
        }
        std::fs::write(path("a.log"), &text).unwrap();
        let (found, problems) = read().await;
        let last = (format!("a.log:{lines}"), lines.to_string());
        assert_eq!((found.last(), problems), (Some(&last), 0));
        assert_eq!(read().await, (Vec::new(), 0));
    }
    std::fs::rename(path("a.log"), path("b.log")).unwrap();
    assert_eq!(read().await, (Vec::new(), 0));
    // A copy that sorts before it takes nothing from it.
    std::fs::copy(path("b.log"), path("a.log")).unwrap();
    let (found, _) = read().await;
    assert_eq!(found.len(), lines);
    assert!(found.iter().all(|(origin, _)| origin.starts_with("a.log")));
    assert_eq!(read().await, (Vec::new(), 0));
    std::fs::remove_file(path("a.log")).unwrap();
    std::fs::remove_file(path("b.log")).unwrap();
    std::fs::write(path("b.log.gz"), zip(&(text.clone() + "more\n"))).unwrap();
    assert_eq!(read().await.0.len(), 1);
    // The same start, and another end.
    text.truncate(text.len() - 2);
    std::fs::write(path("b.log.gz"), zip(&(text + "x\nmore\n"))).unwrap();
    assert_eq!(read().await.0.len(), lines + 1);
}

#[tokio::test]
async fn ids_are_made_of_more_than_the_first_line_and_stay_when_a_file_grows() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let seeds = async |glob: &str| {
        let glob = folder.path().join(glob).display().to_string();
        let state = folder.path().join("state/checkpoints.json");
        let checkpoints =
            Checkpoints::open(state, Start::Continue, Follow::Acknowledgements).unwrap();
        let kind = files(glob, &checkpoints);
        let opened = open(kind, 1 << 10, context()).unwrap();
        let records: Vec<_> = opened.records.collect().await;
        let seeds = records.iter().map(|record| record.origin.seed).collect::<Vec<_>>();
        drop(records);
        checkpoints.save().unwrap();
        seeds
    };
    std::fs::write(path("a.log"), "1\n2\n").unwrap();
    std::fs::write(path("b.log"), "1\n3\n").unwrap();
    let before = seeds("*.log").await;
    assert_ne!(before[0], before[2]);
    std::fs::write(path("a.log"), "1\n2\n4\n").unwrap();
    assert_eq!(seeds("*.log").await[..2], before[..2]);
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
async fn what_breaks_off_is_a_problem_and_read_once_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let read = || read_all(folder.path(), "?.json", EventStatus::Delivered);
    std::fs::write(path("a.json"), "[\n1,\n{\"b\"").unwrap();
    std::fs::write(path("b.json"), "5\n{\"c\"").unwrap();
    assert_eq!(read().await, (pairs([("a.json:2", "1"), ("b.json:1", "5")]), 2));
    assert_eq!(read().await, (Vec::new(), 2));
    std::fs::write(path("a.json"), "[\n1,\n{\"b\":2},\n3\n").unwrap();
    std::fs::write(path("b.json"), "5\n{\"c\":6}").unwrap();
    let rest = pairs([("a.json:3", "{\"b\":2}"), ("a.json:4", "3"), ("b.json:2", "{\"c\":6}")]);
    assert_eq!(read().await, (rest, 1));
    std::fs::write(path("a.json"), "[\n1,\n{\"b\":2},\n3\n]").unwrap();
    std::fs::write(path("b.json"), "5\n{\"c\":6}\nbad\n").unwrap();
    assert_eq!(read().await, (pairs([("b.json:3", "bad")]), 0));
}

#[tokio::test]
async fn a_glob_that_matches_nothing_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = read_all(folder.path(), "*.none", EventStatus::Delivered).await;
    assert_eq!(nothing, (Vec::new(), 1));
}

#[tokio::test]
async fn the_oldest_file_is_read_first_and_what_is_too_old_is_not() {
    let folder = tempfile::tempdir().unwrap();
    for (name, time) in [("a", 300), ("b", 100), ("c", 200), ("d", 50)] {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("\"{name}\"\n")).unwrap();
        let file = std::fs::File::options().append(true).open(path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(time)).unwrap();
    }
    let path = folder.path().join("state/checkpoints.json");
    let checkpoints = Checkpoints::open(path, Start::Continue, Follow::Acknowledgements).unwrap();
    let Kind::Files { mut source, .. } =
        files(folder.path().join("?").display().to_string(), &checkpoints)
    else {
        panic!("they are files");
    };
    source.order = FileOrder::Oldest;
    source.ignore_older = Some(Duration::from_secs(900));
    let opened = open(Kind::Files { source, checkpoints }, 1 << 10, context()).unwrap();
    assert!(opened.is_finite());
    let records: Vec<_> = opened.records.collect().await;
    let names = records.iter().map(|it| it.origin.to_string());
    let names: Vec<_> = names.map(|it| it.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["b:1", "c:1", "a:1"]);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_follows_ends_when_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    std::fs::write(&log, "1\n").unwrap();
    let path = folder.path().join("state/checkpoints.json");
    let checkpoints = Checkpoints::open(path, Start::Continue, Follow::Acknowledgements).unwrap();
    let Kind::Files { mut source, .. } = files(log.display().to_string(), &checkpoints) else {
        panic!("they are files");
    };
    source.follow = Some(FollowFiles {
        read_from: ReadFrom::Beginning,
        glob_cooldown: Duration::from_secs(1),
        rotate_wait: Duration::from_secs(1),
    });
    let context = context();
    let stop = context.stop.clone();
    let kind = Kind::Files { source, checkpoints };
    let mut opened = open(kind, 1 << 10, context).unwrap();
    assert!(!opened.is_finite());
    for text in ["1", "2"] {
        let record = opened.records.next().await.unwrap();
        assert!(matches!(&record.payload, Payload::Bytes(bytes) if bytes == text));
        record.finalizer.finalize(EventStatus::Delivered);
        std::fs::OpenOptions::new().append(true).open(&log).unwrap().write_all(b"2\n").unwrap();
    }
    stop.cancel();
    assert!(opened.records.next().await.is_none());
}
