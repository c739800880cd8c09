//! The page beside what goes on: answers that come late, what an event started, who belongs where, and news of all that is shown.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use courier_sink::config::emulator::Faults;
use courier_sink::emulator::Courier;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::page::{PAGE, form, shown};
use crate::support::{call, courier, courier_at, get};

async fn inbound(courier: &Courier, event: Value) {
    assert_eq!(call(courier, "POST /inbound/rudderstack", event).await.0, 202);
}

async fn view_of(page: &Router, path: &str) -> String {
    let request = Request::get(format!("{PAGE}{path}")).header("host", "localhost");
    let request = request.body(Body::empty()).expect("the test writes valid requests");
    let response = page.clone().oneshot(request).await.expect("the router is infallible");
    let body = response.into_body().collect().await.expect("the body is in memory").to_bytes();
    String::from_utf8(body.to_vec()).expect("a page is UTF-8")
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_seen_before_its_answer_can_be_linked_after_it() {
    let courier = courier();
    let slow = "latency = { mean_secs = 2 }";
    courier.set_faults(Faults::parse(slow).expect("the test writes valid options"));
    let sent = courier.clone();
    let order = json!({"type": "track", "event": "Order Completed", "userId": "u"});
    let answered = tokio::spawn(async move { inbound(&sent, order).await });
    while courier.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    // One router is one page: it remembers what it has read.
    let page = courier.router();
    assert!(view_of(&page, "").await.contains("waiting"));
    assert!(!view_of(&page, "/automations").await.contains("Order Completed"));
    answered.await.expect("it is taken");
    for _ in 0..2 {
        let linkable = view_of(&page, "/automations").await;
        assert!(linkable.contains("Order Completed") && linkable.contains(">1</td>"), "{linkable}");
    }
}

#[tokio::test]
async fn an_event_names_what_it_started_whoever_that_is_for() {
    let courier = courier();
    let steps = json!({"steps": [{"action": "invoke", "template": "other"}]});
    courier.put_automation("a", steps).expect("its steps are right");
    let named = json!({"template": "a", "recipient": "other"});
    let event = |automation: &Value| {
        json!({"type": "track", "event": "e", "userId": "u",
            "properties": {"courier": {"automation": automation}}})
    };
    inbound(&courier, event(&named)).await;
    inbound(&courier, event(&json!({"data": {}}))).await;
    let journey = json!({"profile": {"user_id": "u"}, "data": {}});
    assert_eq!(call(&courier, "POST /journeys/j/invoke", journey).await.0, 202);

    let invocations = courier.invocations();
    let ids: Vec<_> = courier.inbound().into_iter().map(|event| event.runs).collect();
    let started = async |number: usize| {
        let view = shown(&courier, &format!("?open={number}")).await;
        let links = view.split("/runs?open=").skip(1);
        links.map(|link| link.split('"').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(started(0).await, ids[0], "what a run invokes is told there");
    assert_eq!(started(1).await, [""; 0]);
    assert_eq!(started(2).await, [invocations[0].run_id.as_str()]);
}

#[tokio::test]
async fn who_is_known_by_a_membership_alone_is_listed_too() {
    let courier = courier();
    let put = call(&courier, "PUT /tenants/beta", json!({"name": "Beta"})).await;
    assert_eq!(put.0, 200);
    for (user, group) in [("gu", "acme"), ("gv", "acme"), ("gu", "beta")] {
        inbound(&courier, json!({"type": "group", "userId": user, "groupId": group})).await;
    }
    let listed = async |path: &str| {
        let view = shown(&courier, path).await;
        let ids = view.split("<a id=\"id-").skip(1);
        ids.map(|id| id.split('"').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed("/tenants").await, ["acme", "beta"]);
    assert_eq!(listed("/tenants?after=acme").await, ["beta"]);
    assert_eq!(listed("/tenants?q=b").await, ["beta"]);
    assert_eq!(listed("/profiles").await, ["gu", "gv"]);
    let tenant = shown(&courier, "/tenants?open=acme").await;
    assert!(tenant.contains(">gu</a>") && tenant.contains(">gv</a>"), "{tenant}");
    assert!(tenant.contains("Nothing was written of it"), "{tenant}");
    let user = shown(&courier, "/profiles?open=gu").await;
    assert!(user.contains(">acme</a>") && user.contains(">beta</a>"), "{user}");
    assert!(!shown(&courier, "/profiles?open=nobody").await.contains("id=\"details\""));
    assert_eq!(get(&courier, "/tenants/acme").await.0, 404, "the API knows no such tenant");
}

/// Whoever listens for news.
struct Listener(Body);

impl Listener {
    async fn of(courier: &Courier) -> Self {
        let request = Request::get(format!("{PAGE}/news")).header("host", "localhost");
        let request = request.body(Body::empty()).expect("the test writes valid requests");
        let response = courier.router().oneshot(request).await.expect("the router is infallible");
        let mut listener = Self(response.into_body());
        assert!(listener.hears().await, "what there is, is news first");
        assert!(!listener.hears().await, "what stays the same is none");
        listener
    }

    /// Whether there is news within a second, of a clock that waits for nobody.
    async fn hears(&mut self) -> bool {
        timeout(Duration::from_secs(1), self.0.frame()).await.is_ok()
    }
}

#[tokio::test]
async fn a_message_behind_a_delay_is_due_later_until_it_is_not() {
    let (courier, now) = courier_at();
    let steps =
        json!([{"action": "delay", "duration": "1 day"}, {"action": "send", "template": "t"}]);
    courier.put_automation("slow", json!({"steps": steps})).expect("its steps are right");
    let run = call(&courier, "POST /automations/slow/invoke", json!({"recipient": "u"})).await;
    assert_eq!(run.0, 200);
    assert!(shown(&courier, "/messages").await.contains("due later"));
    now.fetch_add(24 * 3_600, Ordering::Relaxed);
    let sent = shown(&courier, "/messages").await;
    assert!(sent.contains("simulated") && !sent.contains("due later"), "{sent}");
}

#[tokio::test(start_paused = true)]
async fn whatever_changes_what_is_shown_is_news() {
    let (courier, now) = courier_at();
    let day = json!({"steps": [{"action": "delay", "duration": "1 day"}]});
    courier.put_automation("slow", day.clone()).expect("its steps are right");
    let mut listener = Listener::of(&courier).await;

    courier.put_automation("slow", json!({"steps": [{"action": "send"}]})).expect("they are right");
    assert!(listener.hears().await, "an automation has other steps");
    courier.put_automation("slow", day).expect("its steps are right");
    assert!(listener.hears().await);

    let link = "source=rudderstack&on=track%2Fe&template=";
    assert_eq!(form(&courier, "/link", "same-origin", &format!("{link}slow")).await.0, 303);
    assert!(listener.hears().await, "there is a link");
    assert_eq!(form(&courier, "/unlink", "same-origin", &format!("{link}slow")).await.0, 303);
    assert_eq!(form(&courier, "/link", "same-origin", &format!("{link}slower")).await.0, 303);
    assert!(listener.hears().await, "there is another in its place");

    let run = call(&courier, "POST /automations/slow/invoke", json!({"recipient": null})).await;
    assert_eq!(run.0, 200);
    assert!(listener.hears().await, "something runs");
    assert!(!listener.hears().await);
    now.fetch_add(24 * 3_600, Ordering::Relaxed);
    assert!(listener.hears().await, "its delay is over");
    assert!(!listener.hears().await);
    assert!(courier.remove_automation("slow"));
    assert!(listener.hears().await, "an automation is gone");
}
