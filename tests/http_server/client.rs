//! A source that runs in a process of its own, and a client that writes what it is told, to the byte.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use tempfile::TempDir;

use crate::process::{Ended, Running, configure};

/// A run with an `http_server` source.
pub(crate) struct Source {
    pub(crate) running: Running,
    pub(crate) address: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// A folder with a source of these options, whose sink sends to `endpoint`.
pub(crate) fn folder(endpoint: &str, source: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    let source = format!("type = \"http_server\"\n{source}");
    let has_address = source.contains("address");
    let address = if has_address { "" } else { "\naddress = \"127.0.0.1:0\"" };
    let source = source + address;
    configure(folder.path(), endpoint, &source, "batch.timeout_secs = 0.001");
    let path = folder.path().join("config.toml");
    let text = std::fs::read_to_string(&path).expect("it was written");
    // So that only what a test does ends a run.
    let text = text.replace("shutdown_timeout_secs = 0.2", "shutdown_timeout_secs = 60");
    std::fs::write(path, text).expect("the folder is ours");
    folder
}

impl Source {
    /// Starts what is configured in `folder`, and waits until it listens.
    pub(crate) fn start(folder: &Path) -> Self {
        let running = Running::start(folder, &["run", "config.toml"]);
        let line = running.wait_for("listens for HTTP");
        let (_, address) = line.split_once("address=").expect("the line says where");
        let address = address.split_whitespace().next().expect("it does").to_owned();
        Self { running, address }
    }

    pub(crate) fn connect(&self) -> Client {
        Client(TcpStream::connect(&self.address).expect("it listens"))
    }

    /// The answer to one request on a connection of its own.
    pub(crate) fn send(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let mut client = self.connect();
        client.send(line, headers, body);
        client.answer()
    }

    pub(crate) fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.send(&format!("POST {path}"), &[], body)
    }

    /// Status and body of the answer to a batch of these events.
    pub(crate) fn batch(&self, events: &[&str]) -> (u16, String) {
        let answer = self.post("/v1/batch", format!("{{\"batch\":[{}]}}", events.join(",")));
        (answer.status, answer.body)
    }

    /// Asks it to stop, and waits for its end.
    pub(crate) fn stop(self) -> Ended {
        self.running.terminate();
        self.running.end()
    }
}

pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    pub(crate) fn send(&mut self, line: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let length = body.len();
        let mut head = format!("{line} HTTP/1.1\r\nhost: source\r\ncontent-length: {length}\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        // One that has said its last word may be hung up on.
        let _ = self.0.write_all(&[head.as_bytes(), b"\r\n", body].concat());
    }

    pub(crate) fn answer(&mut self) -> Answer {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).expect("there is an answer");
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("a head is ASCII");
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("it is HTTP");
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut answer =
            Answer { status: status.parse().expect("it is"), headers, body: String::new() };
        let length = answer.header("content-length").map_or(0, |text| text.parse().expect("it is"));
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("it is as long as it says");
        answer.body = String::from_utf8(body).expect("it is text");
        answer
    }

    /// Whether the other end says anything that is HTTP before it hangs up.
    pub(crate) fn is_answered_in_clear(&mut self) -> bool {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest);
        rest.starts_with(b"HTTP")
    }

    /// Whether the other end hangs up without another word.
    pub(crate) fn is_hung_up_on(&mut self) -> bool {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).is_err() || rest.is_empty()
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// A track event of a user, with an id.
pub(crate) fn track(user: &str, id: &str) -> String {
    format!(r#"{{"type":"track","event":"X","userId":"{user}","messageId":"{id}"}}"#)
}
