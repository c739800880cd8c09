//! The program under test: the demo and a run while they last, and `validate`.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The key of the run, which its page must not show.
pub const KEY: &str = "pk_walk_0123456789";

/// A local Courier in the same process, a door, a mapping, and the page.
const CONFIG: &str = r#"
data_dir = "data"

[api]
address = "127.0.0.1:0"
page = true

[emulator]
address = "127.0.0.1:0"

[sources.in]
type = "stdin"

[sinks.courier]
type = "courier"
inputs = ["in"]
api_key = "pk_walk_0123456789"
batch.timeout_secs = 0.05

[[sinks.courier.automations]]
on = "track/Order Completed"
template = "order-confirmation"

[[sinks.courier.automations]]
on = "track/Trial Expiring"
journey = "trial-ending"
"#;

/// A running demo; it ends with this.
pub struct Demo {
    pub page: String,
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Demo {
    /// Starts it and reads where its page is, which it has to say first.
    pub async fn start(program: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["demo", "--rate", "12", "--users", "12", "--seed", "7"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let mut output = BufReader::new(child.stdout.take().context("its output is piped")?);
        let mut line = String::new();
        output.read_line(&mut line).await?;
        let page = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        ensure!(page.starts_with("http://127.0.0.1:"), "the first line names no page: {line}");
        Ok(Self { page, child, output })
    }

    /// Asks it to stop, as Ctrl-C does, and looks whether it ends with a summary.
    pub async fn stop(mut self) -> Result<()> {
        let id = self.child.id().context("the demo has ended by itself")?;
        let asked = Command::new("kill").args(["-INT", &id.to_string()]).status().await?;
        ensure!(asked.success(), "the demo cannot be asked to stop");
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).await?;
        let status = self.child.wait().await?;
        ensure!(status.success(), "the demo ended with {status}");
        ensure!(rest.contains("events read") && rest.contains("delivered"), "no summary: {rest}");
        Ok(())
    }
}

/// A run that reads what it is given, with its page; it ends with this.
pub struct Run {
    pub page: String,
    input: ChildStdin,
    child: Child,
    _folder: TempDir,
}

impl Run {
    /// Starts it and reads where its endpoint listens.
    pub async fn start(program: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("run.toml"), CONFIG)?;
        let mut child = Command::new(std::fs::canonicalize(program)?)
            .args(["run", "run.toml"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut log = BufReader::new(child.stderr.take().context("its log is piped")?).lines();
        let line = loop {
            let line = log.next_line().await?.context("the run ended before it listened")?;
            if line.contains("the admin endpoint listens") {
                break line;
            }
        };
        // Whoever writes a log must find somebody who reads it.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        let port = line.split("127.0.0.1:").nth(1).context("it says where it listens")?;
        let port: String = port.chars().take_while(char::is_ascii_digit).collect();
        let input = child.stdin.take().context("its input is piped")?;
        let page = format!("http://127.0.0.1:{port}/page");
        Ok(Self { page, input, child, _folder: folder })
    }

    /// Gives it lines to read.
    pub async fn give(&mut self, lines: &str) -> Result<()> {
        self.input.write_all(lines.as_bytes()).await?;
        Ok(self.input.flush().await?)
    }

    /// Ends its input: it ends with what its events ended with.
    pub async fn stop(mut self, code: i32) -> Result<()> {
        drop(self.input);
        let status = self.child.wait().await?;
        ensure!(status.code() == Some(code), "the run ended with {status}");
        Ok(())
    }
}

/// Asks the program whether a configuration is right.
pub async fn validate(program: &Path, text: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("linked.toml");
    std::fs::write(&path, text)?;
    let output = Command::new(program).arg("validate").arg(&path).output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "validate refuses what was exported: {said}\n{text}");
    Ok(())
}
