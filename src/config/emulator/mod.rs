//! `[emulator]`: a local Courier, how much it takes, and what goes wrong with it.
//!
//! Also read by itself, from a file that has no more than this block, and for `limits` and `faults` from a text with their
//! options, which is how they are changed while an emulator runs.

mod endpoints;
mod faults;
mod limits;
mod schedule;
mod written;

pub use endpoints::Endpoints;
pub use faults::{Distribution, Fault, FaultKind, Faults, Latency};
pub use limits::{ClassLimit, Limits, WaitHeader};
pub use schedule::Schedule;

use std::net::SocketAddr;

use secrecy::SecretString;

use super::block::Block;
use super::item::Item;
use super::reader::Reader;
use super::{Mistakes, document};

/// `[emulator]`: a local Courier.
#[derive(Clone, Debug)]
pub struct EmulatorConfig {
    /// `address`: where it listens
    pub address: SocketAddr,
    /// `api_key`: the one key it accepts. By default it accepts any.
    pub api_key: Option<SecretString>,
    /// `unknown_profile`: what `GET /profiles/{id}` answers of a user nobody wrote
    pub unknown_profile: UnknownProfile,
    /// `seed`: where its run and message ids start. Default 0.
    pub seed: u64,
    /// `limits`: by default it takes whatever comes
    pub limits: Limits,
    /// `faults`: by default nothing goes wrong
    pub faults: Faults,
}

/// What a profile that nobody wrote reads as. Courier documents neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownProfile {
    /// `empty`: 200 with an empty profile, since Courier's OpenAPI has no 404 there
    #[default]
    Empty,
    /// `not_found`: 404, as of other things that are not there
    NotFound,
}

impl EmulatorConfig {
    /// Reads a configuration for its `[emulator]` alone. If there are sources or sinks beside it they must be right too, so
    /// that the file is good for both.
    pub fn parse(
        text: &str,
        file: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Mistakes> {
        let read_top = |top: &mut Block<'_>| {
            let missing = |top: &Block<'_>| top.missing("emulator", "add a block `[emulator]`");
            if top.has("sources") || top.has("sinks") {
                if !top.has("emulator") {
                    missing(top);
                }
                return document::read(top).emulator;
            }
            let item = top.take("emulator");
            if item.is_none() {
                missing(top);
            }
            read(item?)
        };
        let reader = Reader::new(text, environment);
        reader.read(read_top).map_err(|mistakes| Mistakes::new(file, mistakes))
    }
}

impl Limits {
    /// Reads the options of `[emulator.limits]`, as the whole of a text.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        let reader = Reader::new(text, &|_| None);
        let read = reader.read(|block| Some(limits::read(block)));
        read.map_err(|mistakes| Mistakes::new("limits", mistakes))
    }
}

impl Faults {
    /// Reads the options of `[emulator.faults]`, as the whole of a text.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        let reader = Reader::new(text, &|_| None);
        let read = reader.read(|block| Some(faults::read(block)));
        read.map_err(|mistakes| Mistakes::new("faults", mistakes))
    }
}

/// `address` is required; `api_key`, `unknown_profile`, `seed`, `limits` and `faults` are not.
pub(super) fn read(item: Item<'_>) -> Option<EmulatorConfig> {
    if !cfg!(feature = "emulator") {
        item.refuse("this build has no emulator");
    }
    let read = |block: &mut Block<'_>| {
        let address = block.required("address", "set it as in `127.0.0.1:8787`").and_then(|item| {
            let address = item.text()?.parse().ok();
            if address.is_none() {
                item.unexpected("an IP address with a port, such as `127.0.0.1:8787`");
            }
            address
        });
        // Whoever wants no keys need not have them: nor are its variables looked at.
        let wants_key = block.reader.wants_keys;
        let api_key = block.take("api_key").filter(|_| wants_key).map(Item::secret);
        let api_key = api_key.and_then(|item| item.text()).map(SecretString::from);
        let choices = [("empty", UnknownProfile::Empty), ("not_found", UnknownProfile::NotFound)];
        let unknown_profile = block.choice("unknown_profile", &choices);
        let seed = seed(block).unwrap_or_default();
        let limits = block.table("limits", limits::read);
        let faults = block.table("faults", faults::read);
        Some(EmulatorConfig { address: address?, api_key, unknown_profile, seed, limits, faults })
    };
    item.table(read).flatten()
}

fn seed(block: &mut Block<'_>) -> Option<u64> {
    block.take("seed")?.number(0, i64::MAX)
}
