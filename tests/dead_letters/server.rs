//! An emulator in this process, so that a test can script it, on a real socket, so that the binary can reach it.

use std::path::Path;
use std::thread::JoinHandle;

use courier_sink::emulator::{Courier, Emulator, LoggedRequest, Scripted, Settings};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::contract;
use crate::process::write;

/// Where the sink of [`process::folder`](crate::process::folder) keeps its letters.
pub(crate) const LETTERS: &str = "data/out/dead-letters.ndjson";

pub(crate) struct Server {
    pub(crate) courier: Courier,
    pub(crate) url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    #[expect(dead_code, reason = "it tells when it is dropped")]
    watched: contract::Watched,
}

impl Server {
    pub(crate) fn start() -> Self {
        let (stop, stopped) = oneshot::channel();
        let (bound, binding) = std::sync::mpsc::channel();
        // All of it in a thread: a test may have a runtime of its own.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("threads can be started");
            let emulator = runtime.block_on(Emulator::bind(Settings::default()));
            let emulator = emulator.expect("loopback has a free port");
            let url = format!("http://{}", emulator.local_addr());
            bound.send((emulator.courier(), url)).expect("it is waited for");
            let stopped = async {
                let _ = stopped.await;
            };
            runtime.block_on(emulator.serve(stopped)).expect("it serves to its end");
        });
        let (courier, url) = binding.recv().expect("the thread binds first");
        let watched = contract::watch(&courier);
        Self { watched, courier, url, stop: Some(stop), thread: Some(thread) }
    }

    /// Refuses the next `times` requests whose path begins so.
    pub(crate) fn refuse(&self, times: usize, path: &'static str, status: u16) {
        let scripted = Scripted::error(StatusCode::from_u16(status).expect("tests know statuses"));
        let is_meant = move |request: &LoggedRequest| request.path.starts_with(path);
        self.courier.answer_next(times, is_meant, scripted);
    }

    /// Method and path of each request from the `first` on.
    pub(crate) fn seen(&self, first: usize) -> Vec<String> {
        let requests = self.courier.requests();
        let line = |it: &LoggedRequest| format!("{} {}", it.method, it.path);
        requests.iter().skip(first).map(line).collect()
    }

    /// The idempotency keys of all requests.
    pub(crate) fn keys(&self) -> Vec<String> {
        let requests = self.courier.requests().into_iter();
        requests.map(|it| it.idempotency_key.expect("it starts something")).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A track event with the message id `id`.
pub(crate) fn track(id: &str) -> Value {
    json!({"type": "track", "userId": format!("user-{id}"), "messageId": id, "event": "Order Completed"})
}

/// A letter of `record` that was refused with a 400.
pub(crate) fn letter(at: &str, record: &Value) -> Value {
    let member = |name| record.get(name).cloned().unwrap_or_default();
    json!({
        "at": at, "reason": "answered", "detail": "refused", "origin": "in:1", "type": member("type"),
        "message_id": member("messageId"), "user_id": member("userId"), "endpoint": "POST /inbound/rudderstack",
        "step": 0, "steps_done": [], "generation": 0, "status": 400, "record": record,
    })
}

/// Writes letters to `name`, one a line.
pub(crate) fn keep(folder: &Path, name: &str, letters: &[Value]) {
    let mut lines: Vec<_> = letters.iter().map(Value::to_string).collect();
    // The last line ends too.
    lines.push(String::new());
    write(folder, name, lines.join("\n"));
}

/// The letters in `name`; none where there is no such file.
pub(crate) fn kept(folder: &Path, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// The message ids of letters, in order.
pub(crate) fn ids(letters: &[Value]) -> Vec<&str> {
    let id = |letter| Value::get(letter, "message_id").and_then(Value::as_str).unwrap_or("-");
    letters.iter().map(id).collect()
}

/// The arguments of a replay of `file`.
pub(crate) fn replay<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["dead-letters", "replay", file, "--config", "config.toml"];
    arguments.extend(more);
    arguments
}
