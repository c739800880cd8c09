//! `/lists/{list_id}/subscriptions` and `/profiles/{user_id}/lists`: who is subscribed to what. A list that is not there
//! is made by a subscription.

use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::call::Call;
use super::super::members::{missing, required_string, wrong};
use super::super::paging::Page;
use super::super::preferences::preferences;
use super::super::state::State;
use super::lists::unknown;
use crate::clock::Time;

pub(super) fn of_list(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let page = Page::of(call)?;
    let id = call.id()?;
    state.lists.get(id).ok_or_else(|| unknown(id))?;
    let users = state.lists.subscriptions.of_left(id, page.after.as_deref());
    let items = users.map(|(user, subscription)| {
        let created = Time::from_epoch(subscription.created).to_string();
        let mut item = json!({"recipientId": user, "created": created});
        with(&mut item, &subscription.preferences);
        (user.to_owned(), item)
    });
    Ok(page.paged("items", items))
}

/// Subscribes users, beside those that are.
pub(super) fn add(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let recipients = entries(call, "recipients", "recipientId")?;
    let id = call.id()?;
    for (user, preferences) in recipients {
        state.lists.subscribe(id, &user, preferences, call.now);
    }
    Ok(Answer::empty())
}

/// Subscribes users, in place of those that are.
pub(super) fn replace(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let recipients = entries(call, "recipients", "recipientId")?;
    let id = call.id()?;
    state.lists.subscriptions.remove_left(id);
    if state.lists.get(id).is_none() {
        state.lists.put(id, id, Value::Null, call.now);
    }
    for (user, preferences) in recipients {
        state.lists.subscribe(id, &user, preferences, call.now);
    }
    Ok(Answer::empty())
}

/// Subscribes one user. Some of Courier's partners send no body.
pub(super) fn subscribe(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let body = if call.body.is_empty() { Map::new() } else { call.object()? };
    let (list, user) = call.ids()?;
    state.lists.subscribe(list, user, preferences(&body)?, call.now);
    Ok(Answer::empty())
}

pub(super) fn unsubscribe(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let (list, user) = call.ids()?;
    let removed = state.lists.subscriptions.remove(list, user);
    removed.ok_or_else(|| {
        Refusal::not_found(format!("the user '{user}' is not subscribed to the list '{list}'"))
    })?;
    Ok(Answer::empty())
}

pub(super) fn of_user(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let page = Page::of(call)?;
    let lists = state.lists.subscriptions.of_right(call.id()?, page.after.as_deref());
    let results = lists.filter_map(|(id, subscription)| {
        let list = state.lists.get(id)?;
        let mut result = json!({
            "id": id,
            "name": list.name,
            "created": Time::from_epoch(list.created).to_string(),
            "updated": Time::from_epoch(list.updated).to_string(),
        });
        with(&mut result, &subscription.preferences);
        Some((id.to_owned(), result))
    });
    Ok(page.paged("results", results))
}

pub(super) fn subscribe_to(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let lists = entries(call, "lists", "listId")?;
    let user = call.id()?;
    for (list, preferences) in lists {
        state.lists.subscribe(&list, user, preferences, call.now);
    }
    Ok(Answer::success())
}

pub(super) fn unsubscribe_from_all(
    state: &mut State,
    call: &mut Call<'_>,
) -> Result<Answer, Refusal> {
    state.lists.subscriptions.remove_right(call.id()?);
    Ok(Answer::success())
}

/// The ids and preferences of an array in the body; all are read before any is written.
fn entries(call: &mut Call<'_>, array: &str, id: &str) -> Result<Vec<(String, Value)>, Refusal> {
    let mut body = call.object()?;
    let given = body.remove(array).ok_or_else(|| missing(array))?;
    let Value::Array(given) = given else {
        return Err(wrong(array, "an array"));
    };
    let entry = |entry: &Value| {
        let entry = entry.as_object().ok_or_else(|| wrong(array, "an array of objects"))?;
        Ok((required_string(entry, id)?.to_owned(), preferences(entry)?))
    };
    given.iter().map(entry).collect()
}

fn with(item: &mut Value, preferences: &Value) {
    if let (Value::Object(item), false) = (item, preferences.is_null()) {
        item.insert("preferences".to_owned(), preferences.clone());
    }
}
