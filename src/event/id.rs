//! Ids as RudderStack sends them: any text that is not blank.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

/// An id of one kind. Never blank; kept exactly as sent, surrounding white space included.
///
/// RudderStack's gateway trims ids to decide whether one is there, but passes the raw value on
/// (rudder-server, `gateway/handle.go`); so does this type.
pub struct Id<K> {
    text: Arc<str>,
    kind: PhantomData<fn() -> K>,
}

/// `userId`
pub type UserId = Id<kinds::User>;
/// `anonymousId`
pub type AnonymousId = Id<kinds::Anonymous>;
/// `groupId`
pub type GroupId = Id<kinds::Group>;
/// `messageId`
pub type MessageId = Id<kinds::Message>;

/// What an [`Id`] can be the id of. Never built: they only tell ids apart.
pub mod kinds {
    /// A known user.
    #[derive(Debug)]
    pub enum User {}
    /// A visitor without a login.
    #[derive(Debug)]
    pub enum Anonymous {}
    /// A group, which Courier calls a tenant.
    #[derive(Debug)]
    pub enum Group {}
    /// One event.
    #[derive(Debug)]
    pub enum Message {}
}

impl<K> Id<K> {
    /// Takes `text` unless it is blank.
    pub fn new(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return None;
        }
        Some(Self { text: text.into(), kind: PhantomData })
    }

    /// The id as sent, shared.
    pub fn to_shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The id as sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        Self { text: Arc::clone(&self.text), kind: PhantomData }
    }
}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<K> Eq for Id<K> {}

impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.text)
    }
}
