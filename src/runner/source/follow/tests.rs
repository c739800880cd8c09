//! Real files in a temporary folder, followed round by round; one round is a second.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::UNIX_EPOCH;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures::FutureExt;
use tempfile::TempDir;

use super::*;
use crate::config::{FileOrder, ReadFrom};
use crate::finalization::EventStatus;
use crate::runner::checkpoint::{Follow, Reached, Start};
use crate::runner::source::feed::Message;
use crate::runner::source::framing::Content;

/// A followed folder. Its clock says a thousand seconds after 1970.
struct Rig {
    folder: TempDir,
    follow: (FileSource, FollowFiles),
    follower: Follower,
    now: Instant,
    problems: Vec<String>,
}

impl Rig {
    fn new(glob: &str) -> Self {
        Self::with(glob, |_, _| {})
    }

    fn with(glob: &str, change: impl FnOnce(&mut FileSource, &mut FollowFiles)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut follow = FollowFiles {
            read_from: ReadFrom::Beginning,
            glob_cooldown: Duration::from_secs(1),
            rotate_wait: Duration::from_secs(5),
        };
        let mut source = FileSource {
            include: vec![folder.path().join(glob).display().to_string()],
            exclude: Vec::new(),
            ignore_checkpoints: false,
            order: FileOrder::Oldest,
            ignore_older: None,
            follow: None,
        };
        change(&mut source, &mut follow);
        let follower = follower(&folder, (source.clone(), follow));
        Self {
            folder,
            follow: (source, follow),
            follower,
            now: Instant::now(),
            problems: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn append(&self, name: &str, content: &str) {
        let mut file = OpenOptions::new().append(true).open(self.path(name)).unwrap();
        file.write_all(content.as_bytes()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// When it was last written to, in seconds since 1970.
    fn touch(&self, name: &str, seconds: u64) {
        let file = OpenOptions::new().append(true).open(self.path(name)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }

    /// What the next round reads, each as `file:line text`. All of it is delivered.
    fn round(&mut self) -> Vec<String> {
        self.now += Duration::from_secs(1);
        let (feed, mut messages) = Feed::with_room(100);
        self.follower.round(&feed, self.now).unwrap();
        let mut read = Vec::new();
        while let Ok(message) = messages.try_recv() {
            let (input, frames) = match message {
                Message::Frames(input, frames) => (input, frames),
                Message::Problem(problem) => {
                    self.problems.push(problem.to_string());
                    continue;
                }
            };
            for frame in frames {
                let Content::Whole(bytes) = frame.content else { panic!("it is short") };
                let name = input.name.rsplit('/').next().unwrap();
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                read.push(format!("{name}:{} {text}", frame.from.line));
                let next = Reached { place: frame.next, mark: frame.mark.unwrap() };
                let checkpoints = &self.follower.settings.checkpoints;
                let begun = checkpoints.begin(input.kept.unwrap(), &input.name, next);
                begun.now_or_never().unwrap().finalize(EventStatus::Delivered);
            }
        }
        read
    }

    fn restart(&mut self) {
        self.follower.settings.checkpoints.save().unwrap();
        self.follower = follower(&self.folder, self.follow.clone());
    }
}

fn follower(folder: &TempDir, (source, follow): (FileSource, FollowFiles)) -> Follower {
    let path = folder.path().join("state/checkpoints.json");
    Follower::new(Settings {
        source,
        follow,
        clock: Clock::from_fn(|| Duration::from_secs(1000)),
        max_bytes: 1 << 20,
        checkpoints: Checkpoints::open(path, Start::Continue, Follow::Acknowledgements).unwrap(),
        progress: Arc::default(),
    })
}

fn zip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::default());
    zip.write_all(text.as_ref()).unwrap();
    zip.finish().unwrap()
}

/// So many lines; two hundred are more than what a mark covers.
fn lines(count: usize) -> String {
    let line = |line| format!("{{\"line\":{line},\"text\":\"{}\"}}\n", "x".repeat(40));
    (1..=count).map(line).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn what_is_added_is_read_and_an_unfinished_line_waits_for_its_end() {
    let mut rig = Rig::new("log");
    assert_eq!(rig.round(), NOTHING, "a file may come later");
    rig.write("log", "1\n{\"a\"");
    assert_eq!(rig.round(), ["log:1 1"]);
    assert_eq!(rig.round(), NOTHING);
    rig.append("log", ":2}\n3\n");
    assert_eq!(rig.round(), ["log:2 {\"a\":2}", "log:3 3"]);
    rig.append("log", "{\"b\":4}");
    assert_eq!(rig.round(), NOTHING);
    assert_eq!(rig.round(), ["log:4 {\"b\":4}"], "it is whole, and nothing came since");
    rig.append("log", "\n5\n");
    assert_eq!(rig.round(), ["log:5 5"]);
    assert_eq!(rig.problems, NOTHING);
}

#[test]
fn an_array_that_grows_is_read_element_by_element() {
    let mut rig = Rig::new("log");
    rig.write("log", "[\n{\"a\":1},\n{\"b\"");
    assert_eq!(rig.round(), ["log:2 {\"a\":1}"]);
    assert_eq!(rig.round(), NOTHING);
    rig.append("log", ":2}\n]\n");
    assert_eq!(rig.round(), ["log:3 {\"b\":2}"]);
    rig.restart();
    assert_eq!(rig.round(), NOTHING);
}

#[test]
fn a_rotated_file_is_read_to_its_end_before_the_one_in_its_place() {
    for glob in ["log*", "log"] {
        let mut rig = Rig::new(glob);
        let old = if glob == "log" { "log" } else { "log.1" };
        rig.write("log", "1\n");
        assert_eq!(rig.round(), ["log:1 1"]);
        rig.append("log", "2\n");
        rig.rename("log", "log.1");
        rig.write("log", "3\n");
        assert_eq!(rig.round(), [format!("{old}:2 2"), "log:1 3".to_owned()]);
        // Whoever writes has not let go of it yet.
        rig.append("log.1", "4\n");
        rig.append("log", "5\n");
        assert_eq!(rig.round(), [format!("{old}:3 4"), "log:2 5".to_owned()]);
        rig.rename("log.1", "log.2");
        rig.rename("log", "log.1");
        rig.write("log", "6\n");
        assert_eq!(rig.round(), ["log:1 6"]);
        rig.restart();
        assert_eq!(rig.round(), NOTHING);
        assert_eq!(rig.problems, NOTHING);
    }
}

#[test]
fn what_is_gone_is_read_on_for_so_long_and_no_longer() {
    let mut rig = Rig::new("log");
    rig.write("log", "1\n{\"half\"");
    assert_eq!(rig.round(), ["log:1 1"]);
    rig.rename("log", "elsewhere");
    for _ in 0..5 {
        assert_eq!(rig.round(), NOTHING);
    }
    rig.append("elsewhere", ":2}\n3\n{\"half\"");
    assert_eq!(rig.round(), ["log:2 {\"half\":2}", "log:3 3"]);
    assert!(
        rig.problems[0].contains("within the record that begins on line 4"),
        "{:?}",
        rig.problems
    );
    rig.append("elsewhere", ":4}\n");
    assert_eq!(rig.round(), NOTHING);
    assert_eq!((rig.follower.watched.len(), rig.problems.len()), (0, 1));
}

#[test]
fn a_file_that_is_deleted_is_read_to_its_end() {
    let mut rig = Rig::new("log");
    rig.write("log", "1\n");
    assert_eq!(rig.round(), ["log:1 1"]);
    rig.append("log", "2\n");
    fs::remove_file(rig.path("log")).unwrap();
    rig.write("log", "3\n");
    assert_eq!(rig.round(), ["log:2 2", "log:1 3"]);
}

#[test]
fn a_file_that_is_cut_off_or_written_anew_is_read_from_its_start() {
    let mut rig = Rig::new("log");
    rig.write("log", "1\n2\n");
    assert_eq!(rig.round(), ["log:1 1", "log:2 2"]);
    rig.write("log", "3\n");
    assert_eq!(rig.round(), ["log:1 3"]);
    rig.write("log", "4\n5\n6\n");
    assert_eq!(rig.round(), ["log:1 4", "log:2 5", "log:3 6"]);
    rig.write("log", "");
    assert_eq!(rig.round(), NOTHING);
    rig.append("log", "7\n");
    assert_eq!(rig.round(), ["log:1 7"]);
    rig.restart();
    assert_eq!(rig.round(), NOTHING);
    rig.append("log", "8\n");
    assert_eq!(rig.round(), ["log:2 8"]);
}

#[test]
fn of_a_file_that_is_copied_and_cut_off_the_copy_is_read_on() {
    for count in [3, 200] {
        let mut rig = Rig::new("log*");
        let text = lines(count);
        rig.write("log", &text);
        assert_eq!(rig.round().len(), count);
        // The copy grows while it is made.
        for part in [40, text.len() / 2, text.len()] {
            rig.write("log.1", &text.as_bytes()[..part]);
            assert_eq!(rig.round(), NOTHING, "{part}");
        }
        rig.append("log", "2\n");
        rig.append("log.1", "2\n");
        rig.write("log", "3\n");
        assert_eq!(rig.round(), [format!("log.1:{} 2", count + 1), "log:1 3".to_owned()]);
        rig.restart();
        assert_eq!(rig.round(), NOTHING);
        assert_eq!(rig.problems, NOTHING);
    }
}

#[test]
fn a_copy_that_becomes_another_file_is_read() {
    let mut rig = Rig::new("log*");
    rig.write("log", "1\n");
    rig.write("log.1", "1\n");
    rig.touch("log", 100);
    rig.touch("log.1", 200);
    assert_eq!(rig.round(), ["log:1 1"]);
    rig.append("log.1", "2\n");
    assert_eq!(rig.round().last().unwrap(), "log.1:2 2");
}

#[test]
fn what_begins_alike_by_accident_is_no_copy() {
    let mut rig = Rig::new("*.log*");
    rig.write("a.log", "1\n");
    rig.write("b.log", "1\n");
    assert_eq!(rig.round(), ["a.log:1 1", "b.log:1 1"]);
    let text = lines(200);
    rig.append("b.log", &text);
    assert_eq!(rig.round().len(), 200);
    rig.rename("b.log", "b.log.1");
    rig.write("b.log", format!("1\n{}", lines(100)));
    assert_eq!(rig.round().len(), 101, "in the place of one that began alike");
}

#[test]
fn a_file_that_is_packed_after_it_was_read_is_not_read_again() {
    let mut rig = Rig::new("log*");
    let text = lines(200);
    rig.write("log", &text);
    assert_eq!(rig.round().len(), 200);
    rig.rename("log", "log.1");
    let packed = zip(&text);
    rig.write("log.1.gz", &packed[..packed.len() / 2]);
    assert_eq!(rig.round(), NOTHING, "it is being packed");
    rig.write("log.1.gz", &packed);
    assert_eq!(rig.round(), NOTHING, "both are there");
    fs::remove_file(rig.path("log.1")).unwrap();
    assert_eq!(rig.round(), NOTHING);
    rig.rename("log.1.gz", "log.2.gz");
    assert_eq!(rig.round(), NOTHING);
    rig.restart();
    assert_eq!(rig.round(), NOTHING);
    assert_eq!(rig.problems, NOTHING);
}

#[test]
fn a_packed_file_is_read_on_where_the_one_that_was_packed_was_left() {
    let mut rig = Rig::new("log*");
    rig.write("log", "1\n{\"half\"");
    assert_eq!(rig.round(), ["log:1 1"]);
    fs::remove_file(rig.path("log")).unwrap();
    rig.write("log.1.gz", zip("1\n{\"half\":2}\n3\n"));
    rig.write("log", "4\n");
    assert_eq!(rig.round(), ["log.1.gz:2 {\"half\":2}", "log.1.gz:3 3", "log:1 4"]);
    rig.write("log.1.gz", [zip("1\n{\"half\":2}\n3\n"), zip("5\n")].concat());
    assert_eq!(rig.round(), ["log.1.gz:4 5"], "more was packed behind it");
    rig.restart();
    assert_eq!(rig.round(), NOTHING);
}

#[test]
fn a_packed_file_that_breaks_off_is_a_problem_once() {
    let mut rig = Rig::new("log*");
    let packed = zip(lines(200));
    rig.write("log.gz", &packed[..packed.len() - 10]);
    assert_eq!(rig.round(), NOTHING);
    rig.touch("log.gz", 900);
    assert_eq!((rig.round().len() > 100, rig.problems.len()), (true, 1));
    assert_eq!((rig.round().len(), rig.problems.len()), (0, 1));
}

#[test]
fn after_a_restart_reading_goes_on_in_the_rotated_file_and_then_in_the_new_one() {
    let mut rig = Rig::new("log*");
    rig.write("log", "1\n");
    assert_eq!(rig.round(), ["log:1 1"]);
    rig.append("log", "2\n");
    rig.rename("log", "log.1");
    rig.write("log", "3\n");
    rig.restart();
    assert_eq!(rig.round(), ["log.1:2 2", "log:1 3"]);
    // Twice, the older one packed.
    fs::remove_file(rig.path("log.1")).unwrap();
    rig.write("log.2.gz", zip("1\n2\n"));
    rig.append("log", "4\n");
    rig.rename("log", "log.1");
    rig.write("log", "5\n");
    for (name, time) in [("log.2.gz", 100), ("log.1", 200), ("log", 300)] {
        rig.touch(name, time);
    }
    rig.restart();
    assert_eq!(rig.round(), ["log.1:2 4", "log:1 5"]);
    assert_eq!(rig.problems, NOTHING);
}

#[test]
fn the_oldest_file_is_read_first_or_they_are_read_by_their_names() {
    for order in [FileOrder::Oldest, FileOrder::Path] {
        let mut rig = Rig::with("*", |source, _| source.order = order);
        for (name, time) in [("a", 300), ("b", 100), ("b.1", 100), ("c", 200)] {
            rig.write(name, format!("\"{name}\"\n"));
            rig.touch(name, time);
        }
        let read: Vec<_> =
            rig.round().iter().map(|it| it.split(':').next().unwrap().to_owned()).collect();
        match order {
            FileOrder::Oldest => assert_eq!(read[2..], ["c", "a"]),
            FileOrder::Path => assert_eq!(read, ["a", "b", "b.1", "c"]),
        }
    }
}

#[test]
fn what_was_not_written_to_for_long_is_left_alone_until_it_is() {
    let limit = Some(Duration::from_secs(100));
    let mut rig = Rig::with("*", |source, _| source.ignore_older = limit);
    rig.write("old", "1\n");
    rig.write("new", "2\n");
    rig.touch("old", 899);
    rig.touch("new", 900);
    assert_eq!(rig.round(), ["new:1 2"]);
    rig.append("old", "3\n");
    assert_eq!(rig.round(), ["old:1 1", "old:2 3"]);
}

#[test]
fn from_the_end_means_what_comes_after_the_very_first_start() {
    let mut rig = Rig::with("log*", |_, follow| follow.read_from = ReadFrom::End);
    rig.write("log", "1\n2\n{\"half\"");
    rig.write("log.gz", zip("packed\n"));
    assert_eq!(rig.round(), NOTHING);
    rig.append("log", ":3}\n");
    assert_eq!(rig.round(), ["log:3 {\"half\":3}"]);
    rig.rename("log", "log.1");
    rig.write("log", "4\n");
    rig.restart();
    assert_eq!(rig.round(), ["log:1 4"]);
    rig.write("log.new", "5\n");
    assert_eq!(rig.round(), ["log.new:1 5"]);
}

#[test]
fn globs_are_looked_at_no_more_often_than_they_are_to_be() {
    let mut rig = Rig::with("*", |_, follow| follow.glob_cooldown = Duration::from_secs(3));
    rig.write("a", "1\n");
    assert_eq!(rig.round(), ["a:1 1"]);
    rig.write("b", "2\n");
    rig.append("a", "3\n");
    assert_eq!(rig.round(), ["a:2 3"]);
    assert_eq!(rig.round(), NOTHING);
    assert_eq!(rig.round(), ["b:1 2"]);
}

#[test]
fn what_is_no_file_is_passed_over() {
    let mut rig = Rig::new("*");
    fs::create_dir(rig.path("folder")).unwrap();
    #[cfg(unix)]
    std::os::unix::net::UnixListener::bind(rig.path("socket")).unwrap();
    rig.write("log", "1\n");
    assert_eq!((rig.round(), rig.problems.len()), (vec!["log:1 1".to_owned()], 0));
}
