//! Limits and faults of some classes of endpoints, and of answers that have something to spoil; and how what is in force is told.

use std::time::Duration;

use courier_sink::config::emulator::{Faults, Limits};
use serde_json::{Value, json};

use crate::support::{assert_error, call, courier, faulty, get, put, raw};

#[tokio::test]
async fn a_fault_of_some_classes_hits_no_other_request_and_moves_no_draw() {
    let hit = async |faults: &str| {
        let courier = faulty(faults);
        for _ in 0..20 {
            for path in ["/profiles/u", "/tenants", "/lists", "/nothing"] {
                get(&courier, path).await;
            }
        }
        let requests = courier.requests().into_iter();
        requests.map(|it| (it.path, it.fault.is_some())).collect::<Vec<_>>()
    };
    let all = hit("error_503.probability = 0.5").await;
    let some = hit("error_503 = { probability = 0.5, classes = ['tenants', 'inbound'] }").await;
    let expected: Vec<_> =
        all.into_iter().map(|(path, is_hit)| (path == "/tenants" && is_hit, path)).collect();
    let some: Vec<_> = some.into_iter().map(|(path, is_hit)| (is_hit, path)).collect();
    assert_eq!(some, expected);
    assert!((5..15).contains(&some.iter().filter(|(is_hit, _)| *is_hit).count()));
}

#[tokio::test]
async fn lists_messages_and_what_is_sent_are_classes_of_their_own() {
    for (class, hit) in [("lists", "/lists"), ("send", "/send"), ("messages", "/messages")] {
        let courier = faulty(&format!("error_503.classes = ['{class}']"));
        let limits =
            format!("classes.{class} = {{ rate_limit_num = 1, rate_limit_duration_secs = 60 }}");
        let send = json!({"message": {"to": {"user_id": "u"}, "template": "t"}});
        let all = [
            ("GET", "/lists", Value::Null),
            ("POST", "/send", send),
            ("GET", "/messages", Value::Null),
        ];
        for (method, path, body) in &all {
            let (status, _) = call(&courier, &format!("{method} {path}"), body.clone()).await;
            assert_eq!(status == 503, *path == hit, "{class}: {path}");
        }
        courier.set_faults(Faults::default());
        courier.set_limits(Limits::parse(&limits).expect("it is a class"));
        for (method, path, body) in all.iter().chain(&all) {
            call(&courier, &format!("{method} {path}"), body.clone()).await;
        }
        let limited = courier.requests().into_iter().filter(|it| it.fault == Some("limit"));
        assert_eq!(limited.map(|it| it.path).collect::<Vec<_>>(), [hit]);
    }
}

#[tokio::test]
async fn an_answer_without_a_body_has_none_to_spoil() {
    for fault in ["garbage_body", "wrong_content_type", "slow_body"] {
        let courier = faulty(&format!("{fault} = {{}}"));
        assert_eq!(call(&courier, "PUT /users/u/tenants/t", json!({})).await, (204, Value::Null));
        assert_eq!(courier.requests()[0].fault, None, "{fault}");
    }
}

#[tokio::test]
async fn a_key_that_may_not_is_answered_403_and_nothing_is_done() {
    let courier = faulty("forbidden.classes = ['journeys']");
    let answer = call(&courier, "POST /journeys/j/invoke", json!({"user_id": "u"})).await;
    assert_error(&answer, 403, "authorization_error");
    assert_eq!((get(&courier, "/tenants").await.0, courier.runs().len()), (200, 0));
    assert_eq!(courier.requests()[0].fault, Some("forbidden"));
}

#[tokio::test]
async fn what_is_in_force_is_told_as_it_can_be_put() {
    let courier = courier();
    for (path, text) in [
        (
            "/emulator/limits",
            "rate_limit_num = 5\nrate_limit_duration_secs = 0.25\nwait_header = 'none'\n\
             classes.lists = { rate_limit_num = 20, rate_limit_duration_secs = 60, concurrency = 2 }",
        ),
        (
            "/emulator/faults",
            "seed = 3\nerror_503 = { probability = 0.5, from_secs = 1.5, until_secs = 9, every_secs = 4, \
             for_secs = 2, classes = ['lists', 'inbound'], seed = 8 }\nslow_body = { duration_secs = 0.1 }\n\
             latency = { mean_secs = 2, distribution = 'uniform', jitter_secs = 0.5 }",
        ),
    ] {
        let told = async || {
            let answer = raw(&courier, &format!("GET {path}"), &[], "").await;
            let kind = answer.headers()["content-type"].clone();
            assert_eq!(
                (answer.status().as_u16(), kind.as_bytes()),
                (200, &b"application/toml"[..])
            );
            let body = http_body_util::BodyExt::collect(answer.into_body()).await;
            String::from_utf8(body.expect("in memory").to_bytes().to_vec()).expect("TOML is text")
        };
        let nothing = told().await;
        assert_eq!(put(&courier, path, text).await.0, 204);
        let given = told().await;
        assert_ne!(given, nothing);
        if path.ends_with("limits") {
            assert_eq!(Limits::parse(&given).expect("valid"), Limits::parse(text).expect("valid"));
        } else {
            assert_eq!(Faults::parse(&given).expect("valid"), Faults::parse(text).expect("valid"));
        }
        assert_eq!(put(&courier, path, &given).await.0, 204);
        assert_eq!(told().await, given);
        assert_eq!(put(&courier, path, &nothing).await.0, 204);
        assert_eq!(told().await, nothing);
    }
}

#[tokio::test(start_paused = true)]
async fn latency_of_some_classes_delays_no_other_request() {
    let courier = faulty("latency = { mean_secs = 2, classes = ['tenants'] }");
    let start = tokio::time::Instant::now();
    get(&courier, "/profiles/u").await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    get(&courier, "/tenants").await;
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}
