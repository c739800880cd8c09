//! Chromium, driven over WebDriver: what a person sees and does, each with a limit on how long it may take.

use std::time::Duration;

use anyhow::{Context, Result};
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// How long anything may take to be seen. Machines that test are slow; a page that works shows it at once.
const WITHIN: Duration = Duration::from_secs(60);

/// The driver's process.
pub struct Driver {
    address: String,
    _child: Child,
}

impl Driver {
    pub async fn start() -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let child = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("chromedriver cannot be started: install chromium-driver")?;
        let address = format!("127.0.0.1:{port}");
        let listens = async {
            while tokio::net::TcpStream::connect(&address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(WITHIN, listens).await.context("chromedriver does not listen")?;
        Ok(Self { address, _child: child })
    }

    /// A browser of its own, with nothing in its profile, that prefers this colour scheme.
    pub async fn open(&self, scheme: &str) -> Result<Browser> {
        let profile = tempfile::tempdir()?;
        let preferred = if scheme == "dark" { 0 } else { 1 };
        let options = json!({"args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=1440,1000", "--hide-scrollbars",
            format!("--blink-settings=preferredColorScheme={preferred}"),
            format!("--user-data-dir={}", profile.path().display()),
        ]});
        let capabilities = json!({"goog:chromeOptions": options});
        let Value::Object(capabilities) = capabilities else { unreachable!("it is an object") };
        // In clear: the driver listens on this machine.
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://{}", self.address))
            .await?;
        Ok(Browser { client, _profile: profile })
    }
}

/// A browser.
pub struct Browser {
    pub client: Client,
    _profile: TempDir,
}

impl Browser {
    pub async fn close(&self) -> Result<()> {
        self.client.clone().close().await?;
        Ok(())
    }

    /// The first element that matches, once there is one.
    pub async fn see(&self, css: &str) -> Result<Element> {
        let wait = self.client.wait().at_most(WITHIN);
        wait.for_element(Locator::Css(css)).await.with_context(|| format!("no `{css}` is seen"))
    }

    /// Waits until a script of one expression gives true.
    pub async fn until(&self, expression: &str) -> Result<()> {
        let script = format!("return Boolean({expression})");
        let comes = async {
            loop {
                if self.client.execute(&script, Vec::new()).await? == Value::Bool(true) {
                    return Ok::<_, anyhow::Error>(());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let came = tokio::time::timeout(WITHIN, comes).await;
        came.with_context(|| format!("it never was so: {expression}"))?
    }

    /// The text of the first element that matches, once there is one. Asked for at once with it, since what is seen may be
    /// replaced at any moment.
    pub async fn text(&self, css: &str) -> Result<String> {
        self.until(&format!("document.querySelector('{css}')")).await?;
        let text = self.ask(&format!("document.querySelector('{css}').innerText")).await?;
        text.as_str().map(str::to_owned).with_context(|| format!("`{css}` has no text"))
    }

    /// What an expression gives.
    pub async fn ask(&self, expression: &str) -> Result<Value> {
        Ok(self.client.execute(&format!("return {expression}"), Vec::new()).await?)
    }

    /// Presses keys one after another, wherever the focus is: not sent to an element, which may be replaced meanwhile.
    pub async fn press(&self, keys: &str) -> Result<()> {
        let pressed = |value| [KeyAction::Down { value }, KeyAction::Up { value }];
        let actions = keys.chars().flat_map(pressed);
        let actions = actions.fold(KeyActions::new("keyboard".into()), KeyActions::then);
        Ok(self.client.perform_actions(actions).await?)
    }
}
