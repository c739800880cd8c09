//! Who belongs to which tenant, with a profile per membership; found from either side.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::merge::Merge;
use super::super::retention::{Limits, Table, weight};

type Pair = (Arc<str>, Arc<str>);

/// Memberships by tenant and by user. Neither has to exist for one to be made: Courier documents
/// no such condition.
#[derive(Debug)]
pub(in super::super) struct Memberships {
    /// By (tenant, user).
    profiles: Table<Pair, Map<String, Value>>,
    /// The same pairs as (user, tenant).
    by_user: BTreeSet<Pair>,
}

impl Memberships {
    pub(in super::super) fn new(limits: Limits) -> Self {
        Self { profiles: Table::new(limits), by_user: BTreeSet::new() }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.profiles.len()
    }

    /// Makes a membership, or keeps it; what is given merges into its profile.
    pub(in super::super) fn put(
        &mut self,
        tenant: &str,
        user: &str,
        given: Map<String, Value>,
        merge: Merge,
    ) {
        let key = pair(tenant, user);
        let mut profile = self.profiles.remove(&key).unwrap_or_default();
        merge.apply(&mut profile, given);
        self.by_user.insert(pair(user, tenant));
        // The ids are kept twice, once per side.
        let bytes = 2 * (tenant.len() + user.len()) + weight(&profile);
        for (tenant, user) in self.profiles.insert(key, profile, bytes) {
            self.by_user.remove(&(user, tenant));
        }
    }

    pub(in super::super) fn get(&self, tenant: &str, user: &str) -> Option<&Map<String, Value>> {
        self.profiles.get(&pair(tenant, user))
    }

    pub(in super::super) fn remove(&mut self, tenant: &str, user: &str) {
        self.profiles.remove(&pair(tenant, user));
        self.by_user.remove(&pair(user, tenant));
    }

    pub(in super::super) fn remove_tenant(&mut self, tenant: &str) {
        let users: Vec<String> =
            self.of_tenant(tenant, None).map(|(user, _)| user.into()).collect();
        for user in users {
            self.remove(tenant, &user);
        }
    }

    /// The users of a tenant after one, in order, each with the membership's profile.
    pub(in super::super) fn of_tenant(
        &self,
        tenant: &str,
        after: Option<&str>,
    ) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
        self.profiles
            .from(start(tenant, after))
            .take_while(move |((found, _), _)| **found == *tenant)
            .map(|((_, user), profile)| (&**user, profile))
    }

    /// The tenants of a user after one, in order, each with the membership's profile.
    pub(in super::super) fn of_user(
        &self,
        user: &str,
        after: Option<&str>,
    ) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
        self.by_user
            .range((start(user, after), Bound::Unbounded))
            .take_while(move |(found, _)| **found == *user)
            .filter_map(|(user, tenant)| {
                let profile = self.profiles.get(&(Arc::clone(tenant), Arc::clone(user)))?;
                Some((&**tenant, profile))
            })
    }
}

fn pair(first: &str, second: &str) -> Pair {
    (Arc::from(first), Arc::from(second))
}

fn start(first: &str, after: Option<&str>) -> Bound<Pair> {
    match after {
        Some(after) => Bound::Excluded(pair(first, after)),
        // The empty string sorts before every other.
        None => Bound::Included(pair(first, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_membership_forgotten_for_room_is_gone_from_both_sides() {
        let mut memberships = Memberships::new(Limits { entries: 1, bytes: usize::MAX });
        memberships.put("t1", "u", Map::new(), Merge::Deep);
        memberships.put("t2", "u", Map::new(), Merge::Deep);
        let tenants: Vec<_> = memberships.of_user("u", None).map(|(tenant, _)| tenant).collect();
        assert_eq!(tenants, ["t2"]);
        assert_eq!(memberships.by_user.len(), 1);
        assert_eq!(memberships.of_tenant("t1", None).count(), 0);
    }

    #[test]
    fn a_tenants_users_are_not_those_of_a_neighbour_in_the_order() {
        let mut memberships = Memberships::new(Limits { entries: 9, bytes: usize::MAX });
        for (tenant, user) in [("a", "x"), ("b", "y"), ("b", "z"), ("bb", "w")] {
            memberships.put(tenant, user, Map::new(), Merge::Deep);
        }
        let users = |after| -> Vec<&str> {
            memberships.of_tenant("b", after).map(|(user, _)| user).collect()
        };
        assert_eq!(users(None), ["y", "z"]);
        assert_eq!(users(Some("y")), ["z"]);
    }
}
