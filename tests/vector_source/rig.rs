//! The built binary with a `vector` source, and what is around it.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::Client;
use crate::process::{Ended, Running, dead_letters, folder};

/// A run that listens.
pub(crate) struct Rig {
    pub(crate) running: Running,
    pub(crate) address: String,
    folder: TempDir,
}

impl Rig {
    /// Starts the binary, sending to `endpoint`. `source` and `sink` are added to their blocks.
    pub(crate) fn start(endpoint: &str, source: &str, sink: &str) -> Self {
        let source = format!("type = \"vector\"\naddress = \"127.0.0.1:0\"\n{source}");
        let folder = folder(endpoint, &source, sink);
        // Time enough for what is under way, however slow the machine.
        let path = folder.path().join("config.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("shutdown_timeout_secs = 0.2", "shutdown_timeout_secs = 60");
        std::fs::write(path, text).unwrap();
        let running = Running::start(folder.path(), &["run", "config.toml"]);
        let line = running.wait_for("listens for Vector");
        let address = line.split("address=").nth(1).unwrap();
        Self { running, address: address.trim().to_owned(), folder }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.address).await
    }

    /// Stops it as an operator does, and gives its dead letters as well.
    pub(crate) async fn stop(self) -> (Ended, Vec<Value>) {
        self.running.terminate();
        self.end().await
    }

    /// Waits for its end. The test's connections go on meanwhile, since they have their part in it.
    pub(crate) async fn end(self) -> (Ended, Vec<Value>) {
        let wait = move || {
            let ended = self.running.end();
            let letters = dead_letters(self.folder.path());
            (ended, letters)
        };
        tokio::task::spawn_blocking(wait).await.unwrap()
    }
}

/// The track event `id` of a user of its own.
pub(crate) fn track(id: &str) -> Value {
    json!({"type": "track", "userId": format!("user-{id}"), "messageId": id, "event": "Order Completed"})
}
