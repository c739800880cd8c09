//! `/lists`: lists themselves.

use std::ops::Bound;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::call::Call;
use super::super::members::required_string;
use super::super::paging::Page;
use super::super::preferences::preferences;
use super::super::state::{List, State};
use crate::clock::Time;

/// Lists by id, those that match a pattern if one is given.
pub(super) fn list(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let page = Page::of(call)?;
    let pattern = call.query("pattern").filter(|pattern| !pattern.is_empty());
    let from = page.after.as_deref().map_or(Bound::Unbounded, |id| Bound::Excluded(Arc::from(id)));
    let lists = state.lists.from(from);
    let lists = lists.filter(|(id, _)| pattern.is_none_or(|pattern| matches(pattern, id)));
    Ok(page.paged("items", lists.map(|(id, list)| (id.to_owned(), shown(id, list)))))
}

pub(super) fn get(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.id()?;
    let list = state.lists.get(id).ok_or_else(|| unknown(id))?;
    Ok(Answer::json(StatusCode::OK, &shown(id, list)))
}

pub(super) fn put(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let name = required_string(&body, "name")?;
    state.lists.put(call.id()?, name, preferences(&body)?, call.now);
    Ok(Answer::empty())
}

/// Deletes a list; its subscriptions wait for it to be restored.
pub(super) fn delete(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.id()?;
    state.lists.delete(id).then(Answer::empty).ok_or_else(|| unknown(id))
}

pub(super) fn restore(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.id()?;
    state.lists.restore(id).then(Answer::empty).ok_or_else(|| unknown(id))
}

/// `*` stands for one part of an id, `**` for the rest of it.
fn matches(pattern: &str, id: &str) -> bool {
    let (mut pattern, mut id) = (pattern.split('.'), id.split('.'));
    loop {
        match (pattern.next(), id.next()) {
            (Some("**"), _) | (None, None) => return true,
            (Some(wanted), Some(part)) if wanted == "*" || wanted == part => {}
            (Some(_), _) | (None, Some(_)) => return false,
        }
    }
}

fn shown(id: &str, list: &List) -> Value {
    json!({
        "id": id,
        "name": list.name,
        "created": Time::from_epoch(list.created).to_string(),
        "updated": Time::from_epoch(list.updated).to_string(),
    })
}

pub(super) fn unknown(id: &str) -> Refusal {
    Refusal::not_found(format!("there is no list '{id}'"))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_part_by_part() {
        for (pattern, id, expected) in [
            ("a.b", "a.b", true),
            ("a.*", "a.b", true),
            ("a.*", "a.b.c", false),
            ("a.**", "a.b.c", true),
            ("*.b", "a.b", true),
            ("a", "b", false),
            ("a.b", "a", false),
        ] {
            assert_eq!(matches(pattern, id), expected, "{pattern} {id}");
        }
    }
}
