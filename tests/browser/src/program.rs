//! The program under test: the demo while it runs, and `validate`.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

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
