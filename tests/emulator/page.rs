//! The page as a browser meets it: views, what may be changed and by whom, and what leaves as TOML.

use axum::body::Body;
use axum::extract::Request;
use courier_sink::emulator::Courier;
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use crate::support::{call, courier};

pub(crate) const PAGE: &str = "/emulator/page";

/// The status, the headers as text, and the text of a view.
async fn view(courier: &Courier, path: &str, host: &str) -> (u16, String, String) {
    let request = Request::builder().uri(format!("{PAGE}{path}")).header("host", host);
    read(courier, request.body(Body::empty()).expect("the test writes valid requests")).await
}

async fn read(courier: &Courier, request: Request) -> (u16, String, String) {
    let response = courier.router().oneshot(request).await.expect("the router is infallible");
    let (status, headers) = (response.status().as_u16(), format!("{:?}", response.headers()));
    let body = response.into_body().collect().await.expect("the body is in memory").to_bytes();
    (status, headers, String::from_utf8(body.to_vec()).expect("a page is UTF-8"))
}

pub(crate) async fn shown(courier: &Courier, path: &str) -> String {
    let (status, _, text) = view(courier, path, "localhost:1").await;
    assert_eq!(status, 200, "{path}: {text}");
    text
}

pub(crate) async fn form(
    courier: &Courier,
    path: &str,
    site: &str,
    fields: &str,
) -> (u16, String, String) {
    let request = Request::post(format!("{PAGE}{path}"))
        .header("host", "localhost:1")
        .header("sec-fetch-site", site)
        .body(Body::from(fields.to_owned()));
    read(courier, request.expect("the test writes valid requests")).await
}

async fn order(courier: &Courier, id: &str) {
    let event = json!({"type": "track", "event": "Order Completed", "userId": "ann",
        "messageId": id, "properties": {"order_id": "o-17"}});
    assert_eq!(call(courier, "POST /inbound/rudderstack", event).await.0, 202);
}

const LINK: &str =
    "source=rudderstack&on=track%2FOrder+Completed&new=thanks&back=%2Femulator%2Fpage%3Fopen%3D0";

#[tokio::test]
async fn a_link_made_on_the_page_starts_a_run_for_the_next_event_and_leaves_as_toml() {
    let courier = courier();
    order(&courier, "1").await;
    assert!(courier.runs().is_empty());
    let (status, headers, _) = form(&courier, "/link", "same-origin", LINK).await;
    assert_eq!(status, 303, "{headers}");
    assert!(headers.contains("\"/emulator/page?open=0\""), "{headers}");
    order(&courier, "2").await;

    let run = courier.runs().pop().expect("the link starts one");
    let open = shown(&courier, &format!("/runs?open={}", run.run_id)).await;
    assert!(open.contains("thanks") && open.contains("send") && open.contains("ann"), "{open}");
    assert!(shown(&courier, "/messages").await.contains("thanks"));
    assert!(
        shown(&courier, "?open=1").await.contains(&run.run_id),
        "an event names what it started"
    );
    let (_, _, toml) = view(&courier, "/mapping.toml", "localhost:1").await;
    let expected = "[[sinks.courier.automations]]\non = \"track/Order Completed\"\n\
                    template = \"thanks\"\ndata = \".\" # the whole event, as a link gives it\n";
    assert_eq!(toml, expected);

    let unlink = "source=rudderstack&on=track%2FOrder+Completed&template=thanks";
    assert_eq!(form(&courier, "/unlink", "same-origin", unlink).await.0, 303);
    assert!(courier.links().is_empty());
}

#[tokio::test]
async fn the_page_and_the_route_take_the_same_for_the_id_of_an_automation() {
    let courier = courier();
    for (id, is_one) in [
        ("", false),
        (".", false),
        ("..", false),
        ("...", true),
        (&"x".repeat(200), true),
        (&"x".repeat(201), false),
    ] {
        let fields = format!("source=rudderstack&on=identify&template={id}");
        let (by_form, _, _) = form(&courier, "/link", "same-origin", &fields).await;
        let link = json!({"on": "group", "template": id});
        let (by_route, _) = call(&courier, "PUT /emulator/links", link).await;
        let expected = if is_one { (303, 204) } else { (400, 400) };
        assert_eq!((by_form, by_route.into()), expected, "{id}");
    }
    assert_eq!(courier.links().len(), 4);
}

#[tokio::test]
async fn another_site_neither_changes_nor_reads_anything() {
    let courier = courier();
    order(&courier, "1").await;
    for site in ["cross-site", "same-site"] {
        assert_eq!(form(&courier, "/link", site, LINK).await.0, 403);
    }
    assert!(courier.links().is_empty());
    for path in [
        "",
        "/automations",
        "/runs",
        "/messages",
        "/profiles",
        "/tenants",
        "/news",
        "/mapping.toml",
    ] {
        assert_eq!(view(&courier, path, "evil.example").await.0, 421, "{path}");
    }
}

#[tokio::test]
async fn a_browser_may_load_nothing_but_what_is_ours_and_sees_payloads_as_text() {
    let courier = courier();
    let hostile = "<img src=x onerror=alert(1)>\"'</script>";
    let event = json!({"type": "track", "event": hostile, "userId": hostile, "messageId": "1",
        "properties": {hostile: hostile}});
    assert_eq!(call(&courier, "POST /inbound/rudderstack", event).await.0, 202);
    for (id, body) in [
        ("profiles", json!({"profile": {"email": hostile}})),
        ("tenants", json!({"name": hostile})),
    ] {
        let line = format!("PUT /{id}/%3Cimg%20src%3Dx%3E");
        assert_eq!(call(&courier, &line, body).await.0, 200);
    }
    for path in
        ["?open=0", "/automations", "/profiles?open=%3Cimg%20src%3Dx%3E", "/tenants?q=%3Cimg"]
    {
        let (status, headers, text) = view(&courier, path, "127.0.0.1").await;
        assert_eq!(status, 200);
        assert!(headers.contains("default-src 'none'") && headers.contains("nosniff"), "{headers}");
        assert!(text.contains("&lt;img") && !text.contains("<img"), "{path}: {text}");
        assert!(!text.contains("style=\"") && !text.contains("onclick"), "{path}");
    }
}

#[tokio::test]
async fn events_are_found_by_type_and_text_and_direct_requests_are_shown_as_such() {
    let courier = courier();
    order(&courier, "1").await;
    let profile = json!({"profile": {"email": "bea@example.com"}});
    assert_eq!(call(&courier, "POST /profiles/bea", profile).await.0, 200);
    assert_eq!(call(&courier, "GET /profiles/bea", json!(null)).await.0, 200);
    assert_eq!(call(&courier, "POST /inbound/rudderstack", json!({"type": "track"})).await.0, 202);
    assert_eq!(call(&courier, "POST /inbound/rudderstack", json!({"type": 1})).await.0, 400);

    let rows = async |path: &str| shown(&courier, path).await.matches("<tr data-number").count();
    assert_eq!(rows("").await, 4, "what only reads is no event");
    assert_eq!(rows("?type=identify").await, 1);
    assert_eq!(rows("?q=bea%40example").await, 1);
    assert_eq!(rows("?q=order+completed").await, 1);
    assert_eq!(rows("?outcome=refused").await, 1);
    assert_eq!(rows("?before=1").await, 1);
    assert!(shown(&courier, "?open=1").await.contains("A direct request"));
    assert!(shown(&courier, "?open=99").await.contains("not kept any more"));
}
