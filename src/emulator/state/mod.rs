//! What the emulated workspace holds: profiles, tenants, memberships, and what it accepted. Its
//! operations live with their routes; here is what several of them share.

mod memberships;
mod records;

pub(super) use memberships::Memberships;
pub use records::{InboundEvent, InboundKind, Invocation, Source};

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::idempotency::Answers;
use super::ids::Ids;
use super::log::Log;
use super::merge::Merge;
use super::retention::{Limits, Recent, Table, weight};
use super::script::Script;
use super::summary::Counts;

/// Security: every store is bounded, so that no sequence of requests exhausts memory. A million
/// entries is ten times the largest run the emulator is meant for; 128 MiB each keeps all stores
/// together well under what a developer's machine has.
const WORKSPACE: Limits = Limits { entries: 1_000_000, bytes: 128 * 1024 * 1024 };

/// What was accepted is only looked back at, so fewer entries do.
const ACCEPTED: Limits = Limits { entries: 100_000, bytes: 64 * 1024 * 1024 };

/// How long a message id is remembered. Courier documents no window; a day is what it keeps
/// idempotency keys for.
const MESSAGE_RETENTION: Duration = Duration::from_secs(24 * 3_600);

/// All that one emulator remembers, behind one lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) profiles: Table<Arc<str>, Map<String, Value>>,
    pub(super) tenants: Table<Arc<str>, Map<String, Value>>,
    pub(super) memberships: Memberships,
    pub(super) invocations: Recent<Invocation>,
    pub(super) inbound: Recent<InboundEvent>,
    /// When each message id was first seen, by a digest of its inbound kind and itself.
    messages: Table<[u8; 32], Duration>,
    pub(super) ids: Ids,
    pub(super) answers: Answers,
    pub(super) log: Log,
    pub(super) script: Script,
    pub(super) counts: Counts,
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            profiles: Table::new(WORKSPACE),
            tenants: Table::new(WORKSPACE),
            memberships: Memberships::new(WORKSPACE),
            invocations: Recent::new(ACCEPTED),
            inbound: Recent::new(ACCEPTED),
            messages: Table::new(WORKSPACE),
            ids: Ids::new(seed),
            answers: Answers::default(),
            log: Log::default(),
            script: Script::default(),
            counts: Counts::default(),
        }
    }

    /// Merges into a profile, which is created when there is none.
    pub(super) fn merge_profile(&mut self, id: &str, given: Map<String, Value>, merge: Merge) {
        let mut profile = self.profiles.remove(id).unwrap_or_default();
        merge.apply(&mut profile, given);
        self.put_profile(id, profile);
    }

    pub(super) fn put_profile(&mut self, id: &str, profile: Map<String, Value>) {
        let bytes = id.len() + weight(&profile);
        self.profiles.insert(Arc::from(id), profile, bytes);
    }

    pub(super) fn put_tenant(&mut self, id: &str, tenant: Map<String, Value>) {
        let bytes = id.len() + weight(&tenant);
        self.tenants.insert(Arc::from(id), tenant, bytes);
    }

    /// Remembers a message id; false when it already was. Each inbound kind has ids of its own.
    pub(super) fn is_new_message(&mut self, kind: InboundKind, id: &str, now: Duration) -> bool {
        let key: [u8; 32] = Sha256::new()
            .chain_update(kind.name())
            .chain_update([0])
            .chain_update(id)
            .finalize()
            .into();
        let live = |seen: &Duration| now.saturating_sub(*seen) < MESSAGE_RETENTION;
        if self.messages.get(&key).is_some_and(live) {
            return false;
        }
        self.messages.insert(key, now, 0);
        true
    }

    pub(super) fn record_invocation(&mut self, invocation: Invocation) {
        let id = match &invocation.source {
            Source::AdHoc => 0,
            Source::Template(id) | Source::Journey(id) => id.len(),
        };
        let recipient = invocation.recipient.as_ref().map_or(0, String::len);
        let bytes = size_of::<Invocation>() + id + recipient + invocation.body.len();
        self.invocations.push(invocation, bytes);
    }

    pub(super) fn record_inbound(&mut self, event: InboundEvent) {
        let name = event.event.as_ref().map_or(0, String::len);
        let bytes = size_of::<InboundEvent>() + name + event.body.len();
        self.inbound.push(event, bytes);
    }
}
