//! Limits and faults: what they do to a request, and that a seed repeats them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use courier_sink::config::emulator::{Faults, Limits};
use courier_sink::emulator::{Clock, Emulator, Settings};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::contract;
use crate::support::{assert_error, call, courier, courier_at, faulty, get, keyed, put, raw};

#[tokio::test]
async fn what_is_over_the_limit_is_answered_429_until_its_time() {
    let (courier, now) = courier_at();
    courier.set_limits(
        Limits::parse("rate_limit_num = 2\nrate_limit_duration_secs = 10").expect("valid"),
    );
    for _ in 0..2 {
        assert_eq!(get(&courier, "/tenants").await.0, 200);
    }
    let full = raw(&courier, "GET /tenants", &[("authorization", "Bearer key")], "").await;
    assert_eq!(
        (full.status().as_u16(), &full.headers()["retry-after"]),
        (429, &"5".parse().unwrap())
    );
    assert_error(&get(&courier, "/tenants").await, 429, "rate_limit_error");
    now.fetch_add(5, Ordering::Relaxed);
    assert_eq!(get(&courier, "/tenants").await.0, 200);
    assert_eq!(courier.requests()[2].fault, Some("limit"));
}

#[tokio::test]
async fn the_header_that_says_how_long_to_wait_is_the_one_that_is_set() {
    for (header, seconds, millis) in [
        ("none", None, None),
        ("retry-after", Some("4"), None),
        ("retry-after-ms", None, Some("3334")),
    ] {
        let courier = courier_at().0;
        let limits = "rate_limit_num = 3\nrate_limit_duration_secs = 10\nwait_header";
        let limits = Limits::parse(&format!("{limits} = {header:?}")).expect("valid");
        courier.set_limits(limits);
        for _ in 0..3 {
            assert_eq!(get(&courier, "/tenants").await.0, 200);
        }
        let full = raw(&courier, "GET /tenants", &[("authorization", "Bearer key")], "").await;
        assert_eq!(full.status().as_u16(), 429);
        let said = |name: &str| full.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!((said("retry-after"), said("retry-after-ms")), (seconds, millis), "{header}");
    }
}

#[tokio::test]
async fn limits_and_faults_change_while_it_runs() {
    let courier = courier();
    assert_eq!(
        put(&courier, "/emulator/limits", "classes.tenants.rate_limit_num = 1").await.0,
        204
    );
    assert_eq!(get(&courier, "/tenants").await.0, 200);
    assert_eq!(get(&courier, "/tenants").await.0, 429);
    assert_eq!(get(&courier, "/profiles/u").await.0, 200);
    assert_eq!(call(&courier, "DELETE /emulator/limits", Value::Null).await.0, 204);
    assert_eq!(get(&courier, "/tenants").await.0, 200);
    assert_eq!(put(&courier, "/emulator/faults", "error_503 = {}").await.0, 204);
    assert_error(&get(&courier, "/tenants").await, 503, "api_error");
    assert_eq!(call(&courier, "DELETE /emulator/faults", Value::Null).await.0, 204);
    assert_eq!(get(&courier, "/tenants").await.0, 200);
    let (status, answer) =
        put(&courier, "/emulator/faults", "hang = { probability = 2 }\nrest = {}").await;
    let message = answer["message"].as_str().unwrap();
    assert_eq!(status, 400);
    assert!(message.contains("hang.probability") && message.contains("rest"), "{message}");
}

#[tokio::test]
async fn a_window_of_401_opens_and_closes() {
    let (courier, now) = courier_at();
    courier.set_faults(
        Faults::parse("unauthorized = { from_secs = 10, until_secs = 20 }").expect("valid"),
    );
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get(&courier, "/tenants").await.0);
        now.fetch_add(10, Ordering::Relaxed);
    }
    assert_eq!(statuses, [200, 401, 200]);
}

#[tokio::test]
async fn faults_stand_before_or_after_the_work() {
    for (fault, status, is_done) in [
        ("error_500", 500, false),
        ("error_503", 503, false),
        ("garbage_body", 200, true),
        ("wrong_content_type", 200, true),
        ("reset_before_commit", 200, false),
        ("reset_after_commit", 200, true),
    ] {
        let courier = faulty(&format!("{fault} = {{}}"));
        let body = json!({"profile": {"a": 1}}).to_string();
        let answer =
            raw(&courier, "POST /profiles/u", &[("authorization", "Bearer k")], body).await;
        assert_eq!(answer.status().as_u16(), status, "{fault}");
        assert_eq!(courier.profile("u").is_some(), is_done, "{fault}");
        let request = &courier.requests()[0];
        assert_eq!(request.fault, Some(fault));
        assert_eq!(request.status.is_none(), fault.starts_with("reset"), "{fault}");
        let is_html = answer.headers().get("content-type").is_some_and(|it| it == "text/html");
        assert_eq!(is_html, fault == "wrong_content_type");
        let body = http_body_util::BodyExt::collect(answer.into_body()).await;
        assert_eq!(body.is_err(), fault.starts_with("reset"), "{fault}");
        let is_text = body.is_ok_and(|body| std::str::from_utf8(&body.to_bytes()).is_ok());
        assert_eq!(is_text, status != 200 || fault == "wrong_content_type", "{fault}");
    }
}

#[tokio::test]
async fn a_key_replays_what_a_reset_after_the_work_kept_from_its_caller() {
    let courier = faulty("reset_after_commit = {}");
    let headers = [("authorization", "Bearer k"), ("idempotency-key", "k1")];
    let body = json!({"recipient": "u"});
    raw(&courier, "POST /automations/t/invoke", &headers, body.to_string()).await;
    courier.set_faults(Faults::default());
    let (status, answer) = keyed(&courier, "/automations/t/invoke", "k1", body).await;
    assert_eq!((status, courier.runs().len()), (200, 1));
    assert_eq!(answer["runId"], json!(courier.runs()[0].run_id));
}

#[tokio::test(start_paused = true)]
async fn latency_takes_its_time_and_room() {
    let courier = faulty("latency = { mean_secs = 2 }");
    courier.set_limits(Limits::parse("concurrency = 1").expect("valid"));
    let start = tokio::time::Instant::now();
    let (first, second) = tokio::join!(get(&courier, "/tenants"), get(&courier, "/tenants"));
    assert_eq!((first.0, second.0), (200, 429));
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    assert_eq!(get(&courier, "/tenants").await.0, 200);
    // Whoever leaves gives back its room.
    let left = tokio::time::timeout(Duration::from_secs(1), get(&courier, "/tenants")).await;
    assert!(left.is_err());
    assert_eq!(get(&courier, "/tenants").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_comes_whole_and_a_hanging_request_is_reset_at_last() {
    let courier = faulty("slow_body = { duration_secs = 3 }");
    let start = tokio::time::Instant::now();
    assert_eq!(get(&courier, "/profiles/u").await, (200, json!({"profile": {}})));
    let took = start.elapsed();
    assert!(
        (Duration::from_secs_f64(2.9)..Duration::from_secs_f64(3.1)).contains(&took),
        "{took:?}"
    );
    let courier = faulty("hang = {}");
    let start = tokio::time::Instant::now();
    let answer = raw(&courier, "GET /tenants", &[("authorization", "Bearer k")], "").await;
    assert!(http_body_util::BodyExt::collect(answer.into_body()).await.is_err());
    assert_eq!(start.elapsed(), Duration::from_secs(600));
}

#[tokio::test]
async fn over_a_socket_the_connection_is_reset_without_an_answer() {
    let emulator = Emulator::bind(Settings::default()).await.expect("loopback has a free port");
    let (address, courier) = (emulator.local_addr(), emulator.courier());
    let _watched = contract::watch(&courier);
    courier.set_faults(Faults::parse("reset_after_commit = {}").expect("valid"));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(emulator.serve(async { stopped.await.unwrap_or_default() }));
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let body = r#"{"profile":{"a":1}}"#;
    let request = format!(
        "POST /profiles/u HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    // The second is read ahead, so that the connection is neither read nor written when it is to be reset.
    stream.write_all(request.repeat(2).as_bytes()).await.expect("it listens");
    let mut answer = Vec::new();
    let error = stream.read_to_end(&mut answer).await.expect_err("no orderly end");
    assert_eq!((error.kind(), answer.len()), (std::io::ErrorKind::ConnectionReset, 0));
    assert_eq!(courier.profile("u"), Some(json!({"a": 1})));
    stop.send(()).expect("the server waits for it");
    server.await.expect("no panic").expect("a good end");
}

/// A bad day on a clock of its own, told by the log's digest.
async fn day(seed: u64) -> ([u8; 32], usize) {
    let clock = Clock::from_fn(|| Duration::from_secs(1_700_000_000));
    let faults = format!(
        "seed = {seed}\n[error_500]\nprobability = 0.1\n[garbage_body]\nprobability = 0.1\n\
         [reset_before_commit]\nprobability = 0.1\n[latency]\nmean_secs = 0.1\ndistribution = 'exponential'"
    );
    let settings = Settings {
        clock,
        faults: Faults::parse(&faults).expect("valid"),
        limits: Limits::parse("rate_limit_num = 190").expect("valid"),
        ..Settings::default()
    };
    let courier = contract::courier(settings);
    for number in 0..200 {
        let body = json!({"profile": {"n": number}}).to_string();
        raw(&courier, "POST /profiles/u", &[("authorization", "Bearer k")], body).await;
    }
    let hit = courier.requests().iter().filter(|request| request.fault.is_some()).count();
    (courier.log_hash(), hit)
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_log_and_another_gives_another() {
    let first = day(7).await;
    assert_eq!(first, day(7).await);
    assert_ne!(first.0, day(8).await.0);
    assert!((40..80).contains(&first.1), "{}", first.1);
}
