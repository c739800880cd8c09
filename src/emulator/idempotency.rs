//! `Idempotency-Key`: the first answer to a key is kept and replayed, whatever the later body says.
//! Knows answers and times; not what the requests mean.

use std::time::Duration;

use http::StatusCode;
use sha2::{Digest as _, Sha256};

use super::answer::{Answer, Refusal};
use super::retention::{Limits, Table};
use super::times;

/// Courier's documented bounds on how long a key is kept: a day unless `x-idempotency-expiration`
/// asks for more, never over a year.
const SHORTEST: Duration = Duration::from_secs(24 * 3_600);
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3_600);

/// Security: keys are foreign and kept for a day. Half a million is over any run's worth of POSTs
/// that carry one; they are kept as digests, and answers to them are short, so bytes follow.
const LIMITS: Limits = Limits { entries: 500_000, bytes: 128 * 1024 * 1024 };

/// About what the headers of one answer take; their map allocates room for more than it holds.
const HEADERS_BYTES: usize = 256;

/// A key together with the method and path it was used with: Courier documents no scope, and the
/// narrowest cannot mix up two operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scope([u8; 32]);

/// The answers kept, and the keys whose first request is still being answered.
#[derive(Debug)]
pub(super) struct Answers {
    kept: Table<Scope, Kept>,
}

#[derive(Debug)]
enum Kept {
    Running,
    Answered { answer: Answer, until: Duration },
}

/// What is known of a key when a request with it arrives.
#[derive(Debug, PartialEq)]
pub(super) enum Known {
    /// Nothing: the request runs.
    New,
    /// Its first request has no answer yet.
    Running,
    /// It was answered so.
    Answered(Answer),
}

impl Scope {
    pub(super) fn new(method: &str, path: &str, key: &[u8]) -> Self {
        let hash = Sha256::new().chain_update(method).chain_update([0]).chain_update(path);
        Self(hash.chain_update([0]).chain_update(key).finalize().into())
    }
}

impl Default for Answers {
    fn default() -> Self {
        Self { kept: Table::new(LIMITS) }
    }
}

impl Answers {
    pub(super) fn known(&self, scope: Scope, now: Duration) -> Known {
        match self.kept.get(&scope) {
            Some(Kept::Running) => Known::Running,
            Some(Kept::Answered { answer, until }) if now < *until => {
                Known::Answered(answer.clone())
            }
            Some(Kept::Answered { .. }) | None => Known::New,
        }
    }

    pub(super) fn begin(&mut self, scope: Scope) {
        self.kept.insert(scope, Kept::Running, 0);
    }

    /// Keeps the answer for replay; `None`, and one that says the request never began, frees the
    /// key for another try.
    pub(super) fn finish(&mut self, scope: Scope, answer: Option<Answer>, until: Duration) {
        match answer.filter(|answer| is_kept(answer.status)) {
            Some(answer) => {
                let bytes = size_of::<Answer>() + HEADERS_BYTES + answer.body.len();
                self.kept.insert(scope, Kept::Answered { answer, until }, bytes);
            }
            None => {
                self.kept.remove(&scope);
            }
        }
    }
}

/// Courier keeps nothing when the endpoint did not begin: validation, credentials and limits come
/// first. All else is kept, 5xx included.
fn is_kept(status: StatusCode) -> bool {
    !matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::UNAUTHORIZED
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::TOO_MANY_REQUESTS
    )
}

/// Until when an answer is kept, from `x-idempotency-expiration`: epoch milliseconds or an ISO 8601 date, by Courier's pages,
/// or a length such as "1 Day", by its SDK. A time outside Courier's bounds is moved to the nearer one: its own SDK tests ask for less than
/// the documented minimum.
pub(super) fn kept_until(expiration: Option<&[u8]>, now: Duration) -> Result<Duration, Refusal> {
    let (shortest, longest) = (now.saturating_add(SHORTEST), now.saturating_add(LONGEST));
    let Some(expiration) = expiration else {
        return Ok(shortest);
    };
    let text = std::str::from_utf8(expiration).unwrap_or_default().trim();
    let until = match text.parse() {
        Ok(millis) => Some(Duration::from_millis(millis)),
        Err(_) => times::time(text)
            .or_else(|| times::length(text).map(|length| now.saturating_add(length))),
    };
    until.map(|until| until.clamp(shortest, longest)).ok_or_else(|| {
        Refusal::bad_request(
            "'x-idempotency-expiration' must be epoch milliseconds, an ISO 8601 date, or a length such as '1 Day'",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn scope(key: &str) -> Scope {
        Scope::new("POST", "/p", key.as_bytes())
    }

    #[test]
    fn an_answer_is_known_until_it_expires() {
        let mut answers = Answers::default();
        answers.begin(scope("k"));
        assert_eq!(answers.known(scope("k"), NOW), Known::Running);
        answers.finish(scope("k"), Some(Answer::empty()), NOW + SHORTEST);
        assert_eq!(answers.known(scope("k"), NOW), Known::Answered(Answer::empty()));
        assert_eq!(answers.known(scope("k"), NOW + SHORTEST), Known::New);
        assert_eq!(answers.known(scope("other"), NOW), Known::New);
    }

    #[test]
    fn the_expiration_is_read_in_each_form_and_kept_within_bounds() {
        let until = |text: &str| kept_until(Some(text.as_bytes()), NOW);
        assert_eq!(kept_until(None, NOW), Ok(NOW + SHORTEST));
        assert_eq!(until("1700000001000"), Ok(NOW + SHORTEST));
        assert_eq!(until("1700172800000"), Ok(NOW + 2 * SHORTEST));
        assert_eq!(until("2023-11-16T22:13:20Z"), Ok(NOW + 2 * SHORTEST));
        assert_eq!(until("2099-01-01T00:00:00Z"), Ok(NOW + LONGEST));
        assert_eq!(until("2023-11-16T22:13:20"), Ok(NOW + 2 * SHORTEST));
        assert_eq!(until("2023-11-17"), Ok(NOW + Duration::from_secs(179_200)));
        assert_eq!(until("2 Days"), Ok(NOW + 2 * SHORTEST));
        assert_eq!(until("1 hour"), Ok(NOW + SHORTEST));
        assert!(until("tomorrow").is_err());
    }
}
