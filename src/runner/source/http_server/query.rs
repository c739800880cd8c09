//! An event that came as the query of a GET: as images in mails and pages send it, and webhooks that can only get.
//!
//! In: a query. Out: the JSON of one event. A parameter's name is a path of names, `properties.plan` for one, and its value
//! a text: a query knows no other. `writeKey` is the writer's and no part of the event.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use uuid::Builder;

use super::answer::Refusal;
use crate::clock::Clock;

/// Security: how deep a path may lead. A head's size bounds how many there may be.
const MAX_DEPTH: usize = 32;

/// An image of one transparent dot.
const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\x21\xf9\x04\x01\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

/// The event that `query` tells.
pub(super) fn event(query: Option<&str>) -> Result<Map<String, Value>, Refusal> {
    let mut event = Map::new();
    for member in query.unwrap_or_default().split('&').filter(|member| !member.is_empty()) {
        let (name, value) = member.split_once('=').unwrap_or((member, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        if name != "writeKey" {
            put(&mut event, &name, value)?;
        }
    }
    if event.is_empty() { Err(Refusal::NoBody) } else { Ok(event) }
}

/// Adds what RudderStack's gateway adds to an event of a pixel, where the query does not say it, and an id: each time the
/// image is loaded is an event of its own.
pub(super) fn complete_pixel(
    event: &mut Map<String, Value>,
    clock: &Clock,
    chance: &mut fastrand::Rng,
) {
    let now = clock.now().to_string();
    let id = Builder::from_random_bytes(chance.u128(..).to_be_bytes()).into_uuid();
    let all = Map::from_iter([("All".to_owned(), Value::Bool(true))]);
    for (name, value) in [
        ("channel", Value::from("web")),
        ("integrations", Value::Object(all)),
        ("messageId", Value::from(id.hyphenated().to_string())),
        ("originalTimestamp", Value::from(now.clone())),
        ("sentAt", Value::from(now)),
    ] {
        event.entry(name).or_insert(value);
    }
}

/// The image, whatever became of the event: a page can do nothing about it. It is to be asked for each time.
pub(super) fn gif() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("image/gif"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (StatusCode::OK, headers, GIF).into_response()
}

fn decoded(text: &str) -> Result<String, Refusal> {
    let text = text.replace('+', " ");
    let text = percent_decode_str(&text).decode_utf8().map_err(|_| Refusal::NotJson)?;
    Ok(text.into_owned())
}

/// Puts `value` at `path`; of two that contradict each other the later counts.
fn put(event: &mut Map<String, Value>, path: &str, value: String) -> Result<(), Refusal> {
    let mut names: Vec<&str> = path.split('.').collect();
    if names.len() > MAX_DEPTH || names.iter().any(|name| name.is_empty()) {
        return Err(Refusal::NotJson);
    }
    let last = names.pop().unwrap_or_default();
    let mut object = event;
    for name in names {
        let member = object.entry(name).or_insert(Value::Null);
        if !member.is_object() {
            *member = Value::Object(Map::new());
        }
        object = member.as_object_mut().expect("it has just been made one");
    }
    object.insert(last.to_owned(), Value::String(value));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn read(query: &str) -> Value {
        Value::Object(event(Some(query)).unwrap())
    }

    #[test]
    fn names_are_paths_and_values_are_texts() {
        assert_eq!(
            read(
                "writeKey=k&userId=u%401&event=Order+Completed&properties.total=1&properties.a.b=%C3%BC&flag"
            ),
            json!({
                "userId": "u@1", "event": "Order Completed", "flag": "",
                "properties": {"total": "1", "a": {"b": "\u{fc}"}},
            })
        );
        assert_eq!(read("a=1&a.b=2&&a.b=3"), json!({"a": {"b": "3"}}));
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let deep = ["a"; MAX_DEPTH + 1].join(".");
        for (query, refusal) in [
            ("", Refusal::NoBody),
            ("writeKey=k", Refusal::NoBody),
            ("a=%ff", Refusal::NotJson),
            ("a..b=1", Refusal::NotJson),
            ("=1", Refusal::NotJson),
            (&deep, Refusal::NotJson),
        ] {
            assert_eq!(event(Some(query)), Err(refusal), "{query}");
        }
        assert_eq!(event(None), Err(Refusal::NoBody));
    }

    #[test]
    fn a_pixel_s_event_is_completed_and_each_is_its_own() {
        let clock = Clock::from_fn(|| Duration::from_millis(951_827_415_250));
        let mut chance = fastrand::Rng::with_seed(1);
        let [first, second] = [1, 2].map(|_| {
            let mut event = event(Some("userId=u&sentAt=x")).unwrap();
            complete_pixel(&mut event, &clock, &mut chance);
            event
        });
        assert_eq!(first["integrations"], json!({"All": true}));
        assert_eq!((&first["channel"], &first["sentAt"]), (&json!("web"), &json!("x")));
        assert_eq!(first["originalTimestamp"], "2000-02-29T12:30:15.250Z");
        assert_ne!(first["messageId"], second["messageId"]);
    }
}
