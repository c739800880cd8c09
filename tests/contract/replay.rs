//! What an emulator in another process logged, done again in this one, where both sides of each exchange can be seen.

use axum::body::Body;
use axum::extract::Request;
use courier_sink::emulator::Settings;
use serde_json::Value;
use tower::ServiceExt;

/// Does the requests of a log again, in order: each keeps to the contract, and is answered as it was, or with a 404 where what it asks for
/// was made by something that is no request of Courier's API, or with a 202 where such a thing had closed a journey. What met a fault, a
/// limit or a wrong key is left out, since the log does not hold all that made it so.
pub(crate) fn replay(log: Vec<Value>) {
    // In a thread: a test may have a runtime of its own.
    let replaying = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("threads can be started").block_on(again(&log));
    });
    replaying.join().expect("what was logged keeps to the contract");
}

async fn again(log: &[Value]) {
    let courier = super::courier(Settings::default());
    for entry in log {
        let text = |name: &str| entry[name].as_str();
        let status = entry["status"].as_u64();
        if text("fault").is_some() || status.is_none() || status == Some(401) {
            continue;
        }
        let (method, path) = (text("method").expect("logged"), text("path").expect("logged"));
        let body = match (&entry["body"], text("body")) {
            (Value::Null, _) => Body::empty(),
            (_, Some(text)) => Body::from(text.to_owned()),
            (body, None) => Body::from(body.to_string()),
        };
        let mut request =
            Request::builder().method(method).uri(path).header("authorization", "Bearer again");
        for (header, name) in
            [("idempotency-key", "idempotency_key"), ("content-type", "content_type")]
        {
            if let Some(value) = text(name) {
                request = request.header(header, value);
            }
        }
        let request = request.body(body).expect("it was a request before");
        let Ok(answer) = courier.router().oneshot(request).await;
        let again = u64::from(answer.status().as_u16());
        // What was drawn or said through `/emulator/*`, and what left-out requests did, is not there again.
        let is_gone = again == 404 && status.is_some_and(|status| status < 300);
        let is_open =
            path.starts_with("/journeys/") && matches!(status, Some(404 | 422)) && again == 202;
        assert!(
            is_gone || is_open || Some(again) == status,
            "{method} {path}: {status:?}, now {again}"
        );
    }
}
