//! What was seen of an event as a row, with every API key masked.

use std::borrow::Cow;

use bytes::Bytes;

use crate::page::{Outcome, Request, Row};
use crate::tap::{Came, End, Requested};
use crate::transport::ApiKeys;

/// The keys that no page shows.
#[derive(Debug)]
pub(super) struct Secrets(pub(super) Vec<ApiKeys>);

impl Secrets {
    // Security: whoever writes events may have put a key into one by mistake.
    fn mask<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut text = Cow::Borrowed(bytes);
        for key in &self.0 {
            if let Some(masked) = key.masked(&text) {
                text = Cow::Owned(masked);
            }
        }
        text
    }

    fn text(&self, text: String) -> String {
        match self.mask(text.as_bytes()) {
            Cow::Borrowed(_) => text,
            Cow::Owned(masked) => String::from_utf8_lossy(&masked).into_owned(),
        }
    }

    fn requests(&self, requests: Vec<Requested>) -> Vec<Request> {
        let request = |Requested { method, path }| Request {
            method: method.as_str().into(),
            path: self.text(path).into(),
        };
        requests.into_iter().map(request).collect()
    }

    /// The row of an event that came.
    pub(super) fn row(&self, came: Came) -> Row {
        let Came {
            number, at, sink, kind, message_id, name, user, origin, payload, requests, ..
        } = came;
        let message_id =
            message_id.map(|id| ("Message id", self.text(id.as_ref().to_owned()).into()));
        Row {
            number: number.get(),
            at: at.since_epoch(),
            sink: Some(sink),
            kind,
            label: kind.as_str(),
            name: name.map(|name| self.text(name).into()),
            user: user.map(|user| self.text(user).into()),
            outcome: Outcome::Waiting,
            requests: self.requests(requests),
            facts: message_id.into_iter().chain([("From", self.text(origin).into())]).collect(),
            // A copy: it may be a small part of something large.
            payload: Bytes::from(self.mask(&payload).into_owned()),
        }
    }

    /// Changes a row to what its event became anew.
    pub(super) fn plan(&self, row: &mut Row, requests: Vec<Requested>) {
        row.requests = self.requests(requests);
    }

    /// Changes a row to how its event ended.
    pub(super) fn end(&self, row: &mut Row, end: End) {
        let (outcome, why) = match end {
            End::Delivered => (Outcome::Delivered, None),
            End::Skipped(reason) => (Outcome::Skipped(reason), None),
            End::Rejected(why) => (Outcome::Rejected, Some(why)),
            End::Errored(why) => (Outcome::Errored, Some(why)),
        };
        row.outcome = outcome;
        let why = why.filter(|why| !why.is_empty());
        row.facts.extend(why.map(|why| ("Why", self.text(why).into())));
    }
}
