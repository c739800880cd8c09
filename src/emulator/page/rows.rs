//! A request as a row: an event that came in, or a request that was made of one, told apart by its route.

use std::borrow::Cow;
use std::sync::Arc;

use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::super::head::Told;
use super::super::log::{Entry, LoggedRequest};
use super::super::members::written;
use super::super::path::captures;
use super::super::state::InboundKind;
use super::super::summary::{UNKNOWN, label};
use crate::event::EventType;
use crate::page::{Outcome, Request, Row};

/// Of a request to start something, what a row shows. Ids are written as numbers, too.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Whom {
    recipient: Value,
    user_id: Value,
}

/// What a route's requests are.
struct Seen {
    kind: EventType,
    label: &'static str,
    name: Option<Arc<str>>,
    user: Option<Arc<str>>,
}

/// The row of a request; none of one that only reads.
pub(super) fn row(Entry { request, told }: Entry) -> Option<Row> {
    if request.method.is_safe() {
        return None;
    }
    let Seen { kind, label, name, user } = seen(&request, told);
    let mut facts = Vec::new();
    let mut fact =
        |name, value: Option<Cow<'static, str>>| facts.extend(value.map(|it| (name, it)));
    fact("Idempotency key", request.idempotency_key.map(Cow::Owned));
    fact("Content type", request.content_type);
    fact(
        "Replayed",
        request.replayed.then_some(Cow::Borrowed("the answer is an earlier request's")),
    );
    Some(Row {
        number: request.sequence,
        at: request.at,
        sink: None,
        kind,
        label,
        name,
        user,
        outcome: request.status.map_or(Outcome::Waiting, |it| Outcome::Answered(it.as_u16())),
        requests: vec![Request { method: method(&request.method), path: request.path }],
        facts,
        payload: request.body,
    })
}

fn method(method: &Method) -> Cow<'static, str> {
    match label(method) {
        UNKNOWN => Cow::Owned(method.to_string()),
        known => Cow::Borrowed(known),
    }
}

/// The way in of an event that automations can be linked to: one that was taken, and has a name if it needs one.
pub(super) fn starts(row: &Row) -> Option<InboundKind> {
    let is_named = row.kind != EventType::Track || row.name.is_some();
    let was_taken = matches!(row.outcome, Outcome::Answered(200..=299));
    source(row).filter(|_| is_named && was_taken && row.kind != EventType::Other)
}

/// The way in of an event; none of another request.
pub(super) fn source(row: &Row) -> Option<InboundKind> {
    let [request] = row.requests.as_slice() else {
        return None;
    };
    let name = request.path.strip_prefix("/inbound/")?;
    InboundKind::ALL.into_iter().find(|kind| kind.name() == name)
}

fn seen(request: &LoggedRequest, told: Option<Told>) -> Seen {
    if let Some(Told { kind, name, user }) = told {
        return Seen { kind, label: kind.as_str(), name, user };
    }
    let route = request.route.unwrap_or_default();
    let raw = request.path.split('?').next().unwrap_or_default();
    let captured = || captures(route, raw).unwrap_or_default().into_iter().map(Arc::from);
    let is = |kind, label, name, user| Seen { kind, label, name, user };
    if route.starts_with("/profiles/") {
        return is(EventType::Identify, "profile", None, captured().next());
    }
    if route.starts_with("/users/") {
        let mut ids = captured();
        let (user, tenant) = (ids.next(), ids.next());
        return is(EventType::Group, "membership", tenant, user);
    }
    if route.starts_with("/tenants") {
        return is(EventType::Group, "tenant", captured().next(), None);
    }
    let label = match route {
        _ if route.starts_with("/automations") => "automation",
        _ if route.starts_with("/journeys") => "journey",
        "/send" => "message",
        _ => return is(EventType::Other, "other", None, None),
    };
    let whom: Whom = serde_json::from_slice(&request.body).unwrap_or_default();
    let user = written(&whom.user_id).or_else(|| written(&whom.recipient)).map(Arc::from);
    let kind = if label == "message" { EventType::Other } else { EventType::Track };
    is(kind, label, captured().next(), user)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http::StatusCode;

    use super::super::super::call::Content;
    use super::*;

    fn of(route: &'static str, path: &str, body: &'static str) -> Row {
        let request = LoggedRequest {
            sequence: 3,
            at: Duration::ZERO,
            method: Method::POST,
            path: path.to_owned().into(),
            route: Some(route),
            idempotency_key: None,
            content_type: None,
            body: Bytes::from_static(body.as_bytes()),
            status: Some(StatusCode::ACCEPTED),
            replayed: false,
            fault: None,
        };
        let content = match route {
            "/inbound/rudderstack" => Content::event(body.as_bytes()),
            _ => Content::Nothing,
        };
        row(Entry { request, told: content.told() }).expect("a POST is shown")
    }

    fn told(row: &Row) -> (&str, Option<&str>, Option<&str>) {
        (row.label, row.name.as_deref(), row.user.as_deref())
    }

    #[test]
    fn an_event_that_came_in_is_shown_as_itself() {
        let body = r#"{"type":"Track","event":"Order Completed","userId":7}"#;
        let track = of("/inbound/rudderstack", "/inbound/rudderstack", body);
        assert_eq!(told(&track), ("track", Some("Order Completed"), Some("7")));
        assert_eq!(
            (track.trigger().as_str(), starts(&track)),
            ("track/Order Completed", Some(InboundKind::RudderStack))
        );
        let body = r#"{"type":"group","groupId":"g","anonymousId":"a"}"#;
        let group = of("/inbound/rudderstack", "/inbound/rudderstack", body);
        assert_eq!(
            (told(&group), group.trigger()),
            (("group", Some("g"), Some("a")), "group".into())
        );
        assert_eq!(told(&of("/inbound/rudderstack", "/inbound/rudderstack", "no")).0, "other");
    }

    #[test]
    fn a_direct_request_is_shown_as_what_it_is() {
        let profile = of("/profiles/{user_id}", "/profiles/a%2Fb", "{}");
        assert_eq!((told(&profile), starts(&profile)), (("profile", None, Some("a/b")), None));
        let member = of("/users/{user_id}/tenants/{tenant_id}", "/users/u/tenants/t", "{}");
        assert_eq!(told(&member), ("membership", Some("t"), Some("u")));
        let body = r#"{"recipient":"ann"}"#;
        let run = of("/automations/{template}/invoke", "/automations/welcome/invoke?x=1", body);
        assert_eq!(told(&run), ("automation", Some("welcome"), Some("ann")));
    }
}
