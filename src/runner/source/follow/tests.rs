//! Real files in a temporary folder, followed round by round; one round is a second.

mod copies;
mod growing;
mod identity;
mod recalled;
mod rotation;

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
        self.round_where(|_| EventStatus::Delivered)
    }

    /// The same; each ends as `status` says of its text.
    fn round_where(&mut self, status: impl Fn(&str) -> EventStatus) -> Vec<String> {
        let (feed, messages) = Feed::with_room(100, Arc::default());
        self.look(&feed);
        self.take(messages, status)
    }

    /// A round whose records nobody takes yet.
    fn look(&mut self, feed: &Feed) {
        self.now += Duration::from_secs(1);
        self.follower.round(feed, self.now).unwrap();
    }

    /// Everything has ended, and what went back is to be read again.
    fn again(&mut self) {
        let (feed, messages) = Feed::with_room(100, Arc::default());
        self.follower.again(&feed).unwrap();
        assert_eq!(self.take(messages, |_| EventStatus::Delivered), NOTHING);
    }

    fn take(
        &mut self,
        mut messages: mpsc::Receiver<Message>,
        status: impl Fn(&str) -> EventStatus,
    ) -> Vec<String> {
        let (mut read, mut begun) = (Vec::new(), Vec::new());
        while let Ok(message) = messages.try_recv() {
            let (input, frames) = match message {
                Message::Frames(input, frames) => (input, frames),
                Message::Problem(problem) => {
                    self.problems.push(problem.to_string());
                    continue;
                }
                Message::Again | Message::End => continue,
            };
            for frame in frames {
                let Content::Whole(bytes) = frame.content else { panic!("it is short") };
                let name = input.name.rsplit('/').next().unwrap();
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                let next = Reached { place: frame.next, mark: frame.mark.unwrap() };
                let checkpoints = &self.follower.settings.checkpoints;
                let finalizer = checkpoints.begin(input.kept.unwrap(), &input.name, next);
                // Nothing where it has ended before.
                if let Some((finalizer, _)) = finalizer.now_or_never().unwrap() {
                    begun.push((finalizer, status(&text)));
                    read.push(format!("{name}:{} {text}", frame.from.line));
                }
            }
        }
        for (finalizer, status) in begun {
            finalizer.finalize(status);
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
