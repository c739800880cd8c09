//! `courier-sink emulate`

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use futures::StreamExt;
use secrecy::SecretString;

use super::args::Emulate;
use super::{complain, environment, tell, validate};
use crate::config::EmulatorConfig;
use crate::emulator::{Emulator, Settings};
use crate::runner::{Exit, signals};

/// Security: the most that is read of a key file. A key has at most a KiB.
const MAX_KEY_BYTES: u64 = 4096;

/// Serves until a signal comes. The first line of output is where.
pub(super) async fn emulate(options: Emulate) -> anyhow::Result<Exit> {
    let mut settings = match options.config.as_deref().map(configured).transpose() {
        Ok(settings) => settings.unwrap_or_default(),
        Err(mistakes) => {
            complain(&mistakes);
            return Ok(Exit::Config);
        }
    };
    if let Some(address) = &options.address {
        let addresses = tokio::net::lookup_host(address).await.ok();
        let Some(found) = addresses.and_then(|mut addresses| addresses.next()) else {
            complain(&format!("`{address}` is not an address, write it as in 127.0.0.1:8787"));
            return Ok(Exit::Usage);
        };
        settings.address = found;
    }
    if let Some(path) = &options.api_key_file {
        settings.api_key = Some(key(path)?);
    }
    let address = settings.address;
    let mut signals = signals().context("signals cannot be received")?;
    let emulator =
        Emulator::bind(settings).await.with_context(|| format!("cannot listen on {address}"))?;
    tell(&format!("The emulated Courier listens on http://{}", emulator.local_addr()));
    let stopped = async move {
        signals.next().await;
    };
    emulator.serve(stopped).await.context("the emulated Courier has failed")?;
    Ok(Exit::Done)
}

/// What a file says of the emulator, or all that is wrong with it.
fn configured(path: &Path) -> Result<Settings, String> {
    let name = path.display().to_string();
    let text = validate::read(path)?;
    let config = EmulatorConfig::parse(&text, &name, &environment::variable);
    config.map(Settings::from).map_err(|mistakes| mistakes.to_string())
}

fn key(path: &Path) -> anyhow::Result<SecretString> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_KEY_BYTES).read_to_string(&mut text))
        .with_context(|| format!("cannot read {}", path.display()))?;
    let key = text.trim_ascii();
    if key.is_empty() {
        bail!("{} holds no key", path.display());
    }
    Ok(SecretString::from(key))
}
