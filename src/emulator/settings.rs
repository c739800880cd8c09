//! What an emulator can be told: where to listen, whom to let in, and the choices that Courier's
//! documentation leaves open.

use std::net::{Ipv4Addr, SocketAddr};

use secrecy::SecretString;

use super::merge::Merge;
use crate::clock::Clock;
use crate::config::EmulatorConfig;
use crate::config::emulator::{Faults, Limits, UnknownProfile};

/// How an emulator is set up. [`Default`] listens on a free loopback port and accepts any key.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    ///
    /// Security: `/emulator/*` asks for no key and shows the payloads received, so an address other
    /// than loopback shows them to whoever reaches it.
    pub address: SocketAddr,
    /// The one bearer key accepted; `None` accepts any that is not empty.
    pub api_key: Option<SecretString>,
    /// How `POST /profiles/{id}` and the other merging writes merge.
    pub merge: Merge,
    /// What `GET /profiles/{id}` answers of a user nobody wrote.
    pub unknown_profile: UnknownProfile,
    /// Where run and message ids start. The same seed and requests give the same ids.
    pub seed: u64,
    /// How much it takes before it answers 429.
    pub limits: Limits,
    /// What goes wrong.
    pub faults: Faults,
    /// What time it is, for whatever expires.
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            api_key: None,
            merge: Merge::default(),
            unknown_profile: UnknownProfile::default(),
            seed: 0,
            limits: Limits::default(),
            faults: Faults::default(),
            clock: Clock::system(),
        }
    }
}

impl From<EmulatorConfig> for Settings {
    fn from(config: EmulatorConfig) -> Self {
        let EmulatorConfig { address, api_key, unknown_profile, seed, limits, faults } = config;
        Self { address, api_key, unknown_profile, seed, limits, faults, ..Self::default() }
    }
}
