//! Running the binary, and talking to what it talks to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use serde_json::Value;
use tempfile::TempDir;

use crate::contract;

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A running `courier-sink`. Killed when dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    stderr: Receiver<String>,
    stdout: Option<JoinHandle<String>>,
}

impl Running {
    /// Starts the binary in `folder`.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::spawn(binary().args(arguments).current_dir(folder))
    }

    /// Starts a command that becomes the binary.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary was built");
        let mut stdout = child.stdout.take().expect("it is piped");
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let (lines, received) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    break;
                }
            }
        });
        let stdout = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).expect("output is text");
            text
        });
        Self { stdin: child.stdin.take(), stdout: Some(stdout), stderr: received, child }
    }

    /// Waits for a line of standard error that contains `text`, and gives it.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        let mut seen = Vec::new();
        for line in &self.stderr {
            if line.contains(text) {
                return line;
            }
            seen.push(line);
        }
        panic!("ended without {text:?}:\n{}", seen.join("\n"));
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Sends SIGHUP.
    pub(crate) fn hang_up(&self) {
        self.signal("-HUP");
    }

    fn signal(&self, signal: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.expect("there is a kill command").success());
    }

    /// Waits for its end. Its standard input is closed if it was not taken.
    pub(crate) fn end(mut self) -> Ended {
        drop(self.stdin.take());
        let status = self.child.wait().expect("it is our child");
        let stdout = self.stdout.take().expect("it ends once");
        Ended {
            code: status.code().expect("it was not killed"),
            stdout: stdout.join().expect("it is text"),
            stderr: self.stderr.iter().collect::<Vec<_>>().join("\n"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may well have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The number behind a name of the summary, 0 where there is none.
    pub(crate) fn count(&self, name: &str) -> u64 {
        let line = self
            .stdout
            .lines()
            .find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix("  "));
        line.map_or(0, |rest| rest.trim().parse().expect("counts are numbers"))
    }

    /// What the summary says of one of several sinks.
    pub(crate) fn of_sink(&self, name: &str) -> Self {
        let mut blocks = self.stdout.split("sink ").skip(1);
        let block = blocks.find(|block| block.starts_with(&format!("{name}\n")));
        let stdout = block.unwrap_or_else(|| panic!("no {name} in {}", self.stdout)).to_owned();
        Self { code: self.code, stdout, stderr: self.stderr.clone() }
    }

    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// The binary, with nothing of the environment that would change what it does: a proxy knows no loopback.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_courier-sink"));
    for name in ["http_proxy", "https_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_ascii_uppercase());
    }
    command.env_remove("RUST_LOG").env_remove("RUST_BACKTRACE");
    command
}

/// Runs the binary in `folder` to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ended {
    Running::start(folder, arguments).end()
}

/// An emulator in a process of its own.
pub(crate) struct Emulated {
    child: Child,
    pub(crate) address: String,
}

impl Emulated {
    /// Starts it, accepting `key`.
    pub(crate) fn start(folder: &Path, key: &str) -> Self {
        std::fs::write(folder.join("emulator.key"), key).expect("the folder is ours");
        let mut child = binary()
            .args(["emulate", "--address", "127.0.0.1:0", "--api-key-file", "emulator.key"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary was built");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped"))
            .read_line(&mut line)
            .expect("it says where it listens");
        let address = line.trim().rsplit('/').next().expect("it ends in a URL");
        Self { address: address.to_owned(), child }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it saw, in numbers.
    pub(crate) fn summary(&self) -> Value {
        serde_json::from_str(&self.get("/emulator/summary")).expect("it is JSON")
    }

    /// The requests it saw, in order.
    pub(crate) fn requests(&self) -> Vec<Value> {
        let log = self.get("/emulator/requests");
        let lines = log.lines().filter(|line| line.starts_with('{'));
        lines.map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        // HTTP/1.0, so that the answer is not cut into chunks.
        write!(stream, "GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it is text");
        let (_, body) = answer.split_once("\r\n\r\n").expect("it is HTTP");
        body.to_owned()
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            contract::replay::replay(self.requests());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with a configuration whose sink sends to `endpoint`, or to an embedded emulator where that is empty.
/// `source` and `sink` are added to their blocks.
pub(crate) fn folder(endpoint: &str, source: &str, sink: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    configure(folder.path(), endpoint, source, sink);
    folder
}

/// Writes such a configuration to `config.toml` in `folder`.
pub(crate) fn configure(folder: &Path, endpoint: &str, source: &str, sink: &str) {
    let (emulator, endpoint) = if endpoint.is_empty() {
        ("[emulator]\naddress = \"127.0.0.1:0\"\napi_key = \"right\"\n", String::new())
    } else {
        ("", format!("endpoint = \"{endpoint}\"\n"))
    };
    let key = if sink.contains("api_key") { "" } else { "api_key = \"right\"\n" };
    let text = format!(
        "data_dir = \"data\"\nshutdown_timeout_secs = 0.2\n{emulator}[sources.in]\n{source}\n\
         [sinks.out]\ntype = \"courier\"\ninputs = [\"in\"]\nhealthcheck = false\n{endpoint}{key}{sink}\n"
    );
    write(folder, "config.toml", text);
}

/// Writes a file in `folder`.
pub(crate) fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("the folder is ours");
    path
}

/// The dead letters of the sink.
pub(crate) fn dead_letters(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("data/out/dead-letters.ndjson"));
    let text = text.expect("the file is made at the start");
    let letters = text.lines();
    letters.map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// A file source of these files.
pub(crate) fn files(include: &str) -> String {
    format!("type = \"file\"\ninclude = [\"{include}\"]")
}
