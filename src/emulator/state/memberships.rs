//! Who belongs to which tenant, with a profile per membership. Neither has to exist for one to be made: Courier documents
//! no such condition.

use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::merge::Merge;
use super::super::retention::{Limits, weight};
use super::pairs::Pairs;

/// Memberships: tenants to the left, users to the right.
#[derive(Debug)]
pub(in super::super) struct Memberships(Pairs<Map<String, Value>>);

impl Memberships {
    pub(in super::super) fn new(limits: Limits) -> Self {
        Self(Pairs::new(limits))
    }

    pub(in super::super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Makes a membership, or keeps it; what is given merges into its profile.
    pub(in super::super) fn put(
        &mut self,
        tenant: &str,
        user: &str,
        given: Map<String, Value>,
        merge: Merge,
    ) {
        let mut profile = self.0.remove(tenant, user).unwrap_or_default();
        merge.apply(&mut profile, given);
        let bytes = weight(&profile);
        self.0.put(tenant, user, profile, bytes);
    }

    pub(in super::super) fn get(&self, tenant: &str, user: &str) -> Option<&Map<String, Value>> {
        self.0.get(tenant, user)
    }

    pub(in super::super) fn remove(&mut self, tenant: &str, user: &str) {
        self.0.remove(tenant, user);
    }

    pub(in super::super) fn remove_tenant(&mut self, tenant: &str) {
        self.0.remove_left(tenant);
    }

    pub(in super::super) fn remove_user(&mut self, user: &str) {
        self.0.remove_right(user);
    }

    /// The tenants that have members, from an id on, in order.
    pub(in super::super) fn tenants(&self, from: Bound<Arc<str>>) -> impl Iterator<Item = &str> {
        self.0.lefts(from)
    }

    /// The users that are members somewhere, from an id on, in order.
    pub(in super::super) fn users(&self, from: Bound<Arc<str>>) -> impl Iterator<Item = &str> {
        self.0.rights(from)
    }

    /// The users of a tenant after one, in order, each with the membership's profile.
    pub(in super::super) fn of_tenant(
        &self,
        tenant: &str,
        after: Option<&str>,
    ) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
        self.0.of_left(tenant, after)
    }

    /// The tenants of a user after one, in order, each with the membership's profile.
    pub(in super::super) fn of_user(
        &self,
        user: &str,
        after: Option<&str>,
    ) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
        self.0.of_right(user, after)
    }
}
