//! The hold, reckoned from the answers alone: when it is on, and how often something was let through that ended it.
//!
//! What is refused with 403 again after that is refused for good: then it is the request, and not the key.

use courier_sink::delivery::FailureKind;

#[derive(Clone, Copy, Debug)]
struct Hold {
    is_for_403: bool,
    /// How many attempts had been made when it began: what those say is no news.
    since: usize,
}

#[derive(Debug, Default)]
pub(super) struct Holds {
    now: Option<Hold>,
    resumes: usize,
}

impl Holds {
    pub(super) const fn is_on(&self) -> bool {
        self.now.is_some()
    }

    pub(super) const fn resumes(&self) -> usize {
        self.resumes
    }

    /// An attempt was let through.
    pub(super) fn success(&mut self, attempt: usize) {
        if self.end(attempt) {
            self.resumes += 1;
        }
    }

    /// An attempt failed, when so many had been made.
    pub(super) fn failure(&mut self, attempt: usize, kind: FailureKind, made: usize) {
        let since = self.now.map_or(made, |hold| hold.since);
        match kind {
            FailureKind::Unauthorized => self.now = Some(Hold { is_for_403: false, since }),
            FailureKind::Forbidden => self.now = Some(Hold { is_for_403: true, since }),
            // The key is known again; whether it may do anything is not.
            FailureKind::Refused | FailureKind::Throttled
                if self.now.is_some_and(|hold| !hold.is_for_403) =>
            {
                self.end(attempt);
            }
            _ => {}
        }
    }

    fn end(&mut self, attempt: usize) -> bool {
        let ends = self.now.is_some_and(|hold| attempt >= hold.since);
        if ends {
            self.now = None;
        }
        ends
    }
}
