//! Messages that a real Courier would have sent. None leaves the emulator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::super::retention::{Limits, Recent};

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// Whom it is for: a user, a list, an address; empty where that is not known.
    pub recipient: String,
    /// The notification template; empty where it brought its own content.
    pub notification: String,
    /// The event it is filed under: of its metadata, else its template.
    pub event: String,
    /// The `message` of `POST /send`, or the step that sent it with its references resolved. Those to several share it.
    pub request: Arc<Value>,
    /// The run whose step sent it.
    pub run_id: Option<String>,
    /// What would have become of it.
    pub status: MessageStatus,
    /// When, since the Unix epoch; delays of its run included.
    pub at: Duration,
}

/// What would have become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageStatus {
    /// It would have been sent.
    Simulated,
    /// There is nobody to send it to.
    Unroutable,
    /// Its run was cancelled before it was due.
    Canceled,
}

impl MessageStatus {
    /// Courier's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Simulated => "SIMULATED",
            Self::Unroutable => "UNROUTABLE",
            Self::Canceled => "CANCELED",
        }
    }
}

/// Messages by number and by id.
#[derive(Debug)]
pub(in super::super) struct Messages {
    recent: Recent<Message>,
    by_id: BTreeMap<Arc<str>, u64>,
}

impl Messages {
    pub(in super::super) fn new(limits: Limits) -> Self {
        Self { recent: Recent::new(limits), by_id: BTreeMap::new() }
    }

    /// How many there ever were.
    pub(in super::super) fn next(&self) -> u64 {
        self.recent.next()
    }

    /// Adds a message whose `request` takes so many bytes; what several share counts for each.
    pub(in super::super) fn push(&mut self, message: Message, request_bytes: usize) {
        self.by_id.insert(Arc::from(message.id.as_str()), self.recent.next());
        let bytes = size_of::<Message>() + message.recipient.len() + request_bytes;
        for message in self.recent.push(message, bytes) {
            self.by_id.remove(message.id.as_str());
        }
    }

    pub(in super::super) fn get(&self, id: &str) -> Option<&Message> {
        self.recent.get(*self.by_id.get(id)?)
    }

    /// The messages before the one of this id, or all; newest first.
    pub(in super::super) fn newest(&self, before: Option<&str>) -> impl Iterator<Item = &Message> {
        let number = match before {
            Some(id) => self.by_id.get(id).copied().unwrap_or(0),
            None => u64::MAX,
        };
        self.recent.before(number).map(|(_, message)| message)
    }

    pub(in super::super) fn cancel(&mut self, ids: &[String]) {
        for id in ids {
            let number = self.by_id.get(id.as_str());
            if let Some(message) = number.and_then(|number| self.recent.get_mut(*number)) {
                message.status = MessageStatus::Canceled;
            }
        }
    }
}
