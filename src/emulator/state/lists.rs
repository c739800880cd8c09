//! Lists and who is subscribed to them. A list that is deleted can be restored, with its subscribers.

use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::super::retention::{Limits, Table, value_weight};
use super::pairs::Pairs;

/// Lists by id, and their subscriptions: lists to the left, users to the right.
#[derive(Debug)]
pub(in super::super) struct Lists {
    lists: Table<Arc<str>, List>,
    pub(in super::super) subscriptions: Pairs<Subscription>,
}

/// A list of users.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// What people call it; the id, where a subscription made it.
    pub name: String,
    /// What its subscribers are to get unless they chose; null if not said.
    pub preferences: Value,
    /// When it was made, since the Unix epoch.
    pub created: Duration,
    /// When it was written last, since the Unix epoch.
    pub updated: Duration,
    /// Whether it was deleted, and not restored.
    pub is_deleted: bool,
}

/// A user's place in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// What the user is to get; null if not said.
    pub preferences: Value,
    /// When it was made, since the Unix epoch.
    pub created: Duration,
}

impl Lists {
    pub(in super::super) fn new(limits: Limits) -> Self {
        Self { lists: Table::new(limits), subscriptions: Pairs::new(limits) }
    }

    /// A list that is not deleted.
    pub(in super::super) fn get(&self, id: &str) -> Option<&List> {
        self.lists.get(id).filter(|list| !list.is_deleted)
    }

    /// The lists past `from` that are not deleted, by id.
    pub(in super::super) fn from(
        &self,
        from: Bound<Arc<str>>,
    ) -> impl Iterator<Item = (&str, &List)> {
        let lists = self.lists.from(from).filter(|(_, list)| !list.is_deleted);
        lists.map(|(id, list)| (&**id, list))
    }

    /// Creates or replaces a list.
    pub(in super::super) fn put(&mut self, id: &str, name: &str, given: Value, now: Duration) {
        let created = self.lists.get(id).map_or(now, |list| list.created);
        self.write(
            id,
            List {
                name: name.to_owned(),
                preferences: given,
                created,
                updated: now,
                is_deleted: false,
            },
        );
    }

    /// Deletes a list; false where there is none, or none any more.
    pub(in super::super) fn delete(&mut self, id: &str) -> bool {
        let Some(list) = self.get(id).cloned() else {
            return false;
        };
        self.write(id, List { is_deleted: true, ..list });
        true
    }

    /// Restores a list that was deleted, or leaves it as it is; false where there never was one.
    pub(in super::super) fn restore(&mut self, id: &str) -> bool {
        let Some(list) = self.lists.get(id).cloned() else {
            return false;
        };
        self.write(id, List { is_deleted: false, ..list });
        true
    }

    /// Subscribes a user, to a list that is made where there is none.
    pub(in super::super) fn subscribe(
        &mut self,
        id: &str,
        user: &str,
        given: Value,
        now: Duration,
    ) {
        if self.get(id).is_none() {
            self.put(id, id, Value::Null, now);
        }
        let created = self.subscriptions.get(id, user).map_or(now, |it| it.created);
        let bytes = value_weight(&given);
        self.subscriptions.put(id, user, Subscription { preferences: given, created }, bytes);
    }

    fn write(&mut self, id: &str, list: List) {
        let bytes = id.len() + list.name.len() + value_weight(&list.preferences);
        self.lists.insert(Arc::from(id), list, bytes);
    }
}
