//! Which neighbours in a lane become one request.
//!
//! Courier merges a profile it is sent into the one it has, and does not say how deep. So two writes become one only
//! where that makes no difference at any depth; JSON merge patches do not compose in general.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::courier::{Action, Body, Request};
use crate::json::{Kind, Members, ObjectWriter};

/// The action that does what `earlier` and then `later` do, if there is one. Both are of the same lane, and nothing is
/// between them. Anything that may reach a person is never merged.
pub(super) fn merge(earlier: &Action, later: &Action) -> Option<Action> {
    let request = match (earlier, later) {
        (
            Action::Request(Request::PostProfile { user, body: first }),
            Action::Request(Request::PostProfile { user: other, body: second }),
        ) if user == other => {
            Request::PostProfile { user: user.clone(), body: merge_profiles(first, second)? }
        }
        (
            Action::Request(Request::PutMembership { .. } | Request::PutTenant { .. })
            | Action::UpdateTenant { .. },
            _,
        ) if earlier == later => return Some(later.clone()),
        _ => return None,
    };
    Some(Action::Request(request))
}

/// Whether it may become one with a neighbour at all.
pub(super) const fn is_mergeable(action: &Action) -> bool {
    match action {
        Action::Request(request) => matches!(
            request,
            Request::PostProfile { .. } | Request::PutMembership { .. } | Request::PutTenant { .. }
        ),
        Action::UpdateTenant { .. } => true,
    }
}

/// Two bodies `{"profile": {…}}` as one.
fn merge_profiles(earlier: &Body, later: &Body) -> Option<Body> {
    let (earlier, later) = (earlier.to_bytes(), later.to_bytes());
    let profile = |body| Members::of(std::str::from_utf8(body).ok()?).get("profile");
    let (earlier, later) = (profile(&*earlier)?, profile(&*later)?);
    let mut body = ObjectWriter::with_capacity(earlier.len() + later.len());
    body.raw("profile", &overlay(earlier, later)?);
    Body::new(body.finish()).ok()
}

/// `later` over `earlier`, where that gives the same under a deep and under a shallow merge: for each name in both, the
/// later value is no object, or both are and the later covers the earlier.
fn overlay(earlier: &str, later: &str) -> Option<String> {
    let (first, second) = (Members::of(earlier), Members::of(later));
    if has_repeats(&first) || has_repeats(&second) {
        return None;
    }
    let mut merged = ObjectWriter::with_capacity(earlier.len() + later.len());
    for (name, value) in first.iter() {
        match second.get(name) {
            Some(newer) if Kind::of(newer) != Kind::Object || covers(newer, value) => {}
            Some(_) => return None,
            None => {
                merged.raw(name, value);
            }
        }
    }
    for (name, value) in second.iter() {
        merged.raw(name, value);
    }
    Some(merged.finish())
}

/// Whether `later` is an object that has every member of the object `earlier`, at every depth.
fn covers(later: &str, earlier: &str) -> bool {
    if Kind::of(later) != Kind::Object || Kind::of(earlier) != Kind::Object {
        return false;
    }
    let (first, second) = (Members::of(earlier), Members::of(later));
    if has_repeats(&first) || has_repeats(&second) {
        return false;
    }
    first.iter().all(|(name, value)| {
        second
            .get(name)
            .is_some_and(|newer| Kind::of(newer) != Kind::Object || covers(newer, value))
    })
}

/// Whether a name stands twice: which of them Courier takes is not known.
fn has_repeats(members: &Members<'_>) -> bool {
    let mut seen: HashSet<Cow<'_, str>> = HashSet::new();
    !members.iter().all(|(name, _)| seen.insert(Cow::Borrowed(name)))
}

#[cfg(test)]
mod tests;
