//! `courier-sink emulate`

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use futures::StreamExt;
use secrecy::SecretString;

use super::args::Emulate;
use super::{complain, tell};
use crate::emulator::{Emulator, Settings};
use crate::runner::{Exit, signals};

/// Security: the most that is read of a key file. A key has at most a KiB.
const MAX_KEY_BYTES: u64 = 4096;

/// Serves until a signal comes. The first line of output is where.
pub(super) async fn emulate(options: Emulate) -> anyhow::Result<Exit> {
    let Some(address) = tokio::net::lookup_host(&options.address)
        .await
        .ok()
        .and_then(|mut addresses| addresses.next())
    else {
        complain(&format!(
            "`{}` is not an address, write it as in 127.0.0.1:8787",
            options.address
        ));
        return Ok(Exit::Usage);
    };
    let settings = Settings {
        address,
        api_key: options.api_key_file.as_deref().map(key).transpose()?,
        ..Settings::default()
    };
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
