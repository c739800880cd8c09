//! The rules of one sink: everything planning depends on besides the event.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Automation, Consent};
use crate::event::EventType;

/// How one sink plans. Checked by whoever built it; there is nothing left to validate.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The sink's name: part of every idempotency key
    pub sink: Arc<str>,
    /// Which endpoints events go to
    pub mode: Mode,
    /// Whether `integrations` is obeyed
    pub integrations: Integrations,
    /// Whose consent is asked for
    pub consent: Option<Consent>,
    /// How far automations inside payloads are trusted, of writers who are trusted at all
    pub inline: Inline,
    /// Whose events keep their order
    pub ordering: Ordering,
}

impl Rules {
    /// Tells these rules from others, under which the same event may mean other steps. The same in each process.
    pub fn fingerprint(&self) -> u32 {
        let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(format!("{self:?}")));
        u32::from_le_bytes([a, b, c, d])
    }
}

/// Whose events keep their order. Writes of one tenant always do: each is made of the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ordering {
    /// Those of one user
    #[default]
    User,
    /// Nobody's: a step waits for steps of its own event only
    None,
}

/// Which of Courier's endpoints events go to.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Profiles, tenants, automations and journeys, by their own endpoints
    Direct(Box<Direct>),
    /// Everything to `POST /inbound/rudderstack`
    Inbound {
        /// Whether group events are sent, which Courier documents and RudderStack's own destination refuses
        group: bool,
    },
}

/// The rules of direct mode.
#[derive(Clone, Debug, Default)]
pub struct Direct {
    /// Where traits go in a profile
    pub traits: Traits,
    /// What a trait that is `null` means
    pub null_traits: NullTraits,
    /// Traits that are called something else in Courier
    pub rename: BTreeMap<String, String>,
    /// Whether `context.locale` and `context.timezone` fill `locale` and `zoneinfo`
    pub context_attributes: bool,
    /// Whether `anonymousId` stands in where there is no `userId`
    pub anonymous_fallback: bool,
    /// Where a track event goes that no mapping takes
    pub unmapped: Unmapped,
    /// How tenants are written
    pub tenant_write: TenantRule,
    /// Types that are posted to `/inbound/rudderstack` as well
    pub announce: Vec<EventType>,
    /// The mapping, in file order
    pub automations: Vec<Automation>,
}

/// Where traits go in a profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Traits {
    /// As they are, with Courier's names added
    #[default]
    Verbatim,
    /// What Courier knows on top, the rest under `custom`
    Custom,
}

/// What a trait that is `null` means. Courier removes a profile's member when it is sent `null`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NullTraits {
    /// Nothing: it is left out
    #[default]
    Drop,
    /// Remove the attribute
    Delete,
}

/// How far `properties.courier.automation` is trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inline {
    /// Not at all: neither `steps` nor `template`
    Ignore,
    /// It may name a stored automation
    Template,
    /// It may also bring steps of its own
    #[default]
    Allow,
}

impl fmt::Display for Inline {
    /// As it is configured.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ignore => "ignore",
            Self::Template => "template",
            Self::Allow => "allow",
        })
    }
}

/// Where a track event goes that no mapping takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unmapped {
    /// The whole event to `POST /inbound/rudderstack`, where automations linked in Courier Studio fire
    #[default]
    InboundRudderStack,
    /// To `POST /inbound/courier`
    InboundCourier,
    /// Nowhere
    Skip,
}

/// How a group event writes its tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TenantRule {
    /// Read, merge, write
    #[default]
    Merge,
    /// Write, and lose what the event does not say
    Replace,
    /// Write only what is not there
    CreateOnly,
    /// Leave tenants alone
    Skip,
}

/// Whether `integrations` is obeyed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Integrations {
    /// By RudderStack's rule
    #[default]
    Strict,
    /// Not at all
    Ignore,
}
