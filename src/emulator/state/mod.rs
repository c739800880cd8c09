//! What the emulated workspace holds: profiles, tenants, memberships, lists, automations and their links; and what it
//! accepted: events, invocations, runs step by step, messages. Its operations live with their routes; here is what several
//! of them share.
//!
//! Whoever reads it (the page, the control routes) finds `runs.newest`, `messages.newest`, `automations.templates` and
//! `automations.links`. What is newest comes first, and is asked for from the id of the last one seen.

mod automations;
mod journeys;
mod lists;
mod memberships;
mod messages;
mod pairs;
mod records;
mod run_log;
mod runs;

pub(super) use automations::Automations;
pub use automations::{Link, Template};
pub use journeys::JourneyState;
pub(super) use journeys::Journeys;
pub(super) use lists::Lists;
pub use lists::{List, Subscription};
pub(super) use memberships::Memberships;
pub(super) use messages::Messages;
pub use messages::{Message, MessageStatus};
pub(super) use records::Accepted;
pub use records::{InboundEvent, InboundKind, Invocation, Source};
pub(super) use run_log::Runs;
pub use runs::{Run, RunStatus, RunStep, StartedBy, StepStatus};

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::idempotency::Answers;
use super::ids::Ids;
use super::log::Log;
use super::merge::Merge;
use super::retention::{Limits, Recent, Seen, Table, weight};
use super::script::Script;
use super::summary::Counts;
use super::weather::Weather;

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
    pub(super) lists: Lists,
    pub(super) automations: Automations,
    pub(super) journeys: Journeys,
    pub(super) runs: Runs,
    pub(super) messages: Messages,
    pub(super) invocations: Recent<Invocation>,
    pub(super) inbound: Recent<Accepted>,
    /// The message ids that were used lately, each by a digest of its inbound kind and itself.
    message_ids: Seen,
    pub(super) ids: Ids,
    pub(super) answers: Answers,
    pub(super) log: Log,
    pub(super) script: Script,
    pub(super) counts: Counts,
    pub(super) weather: Weather,
}

impl State {
    pub(super) fn new(seed: u64, weather: Weather) -> Self {
        Self {
            profiles: Table::new(WORKSPACE),
            tenants: Table::new(WORKSPACE),
            memberships: Memberships::new(WORKSPACE),
            lists: Lists::new(WORKSPACE),
            automations: Automations::new(),
            journeys: Journeys::new(),
            runs: Runs::new(ACCEPTED),
            messages: Messages::new(ACCEPTED),
            invocations: Recent::new(ACCEPTED),
            inbound: Recent::new(ACCEPTED),
            message_ids: Seen::new(MESSAGE_RETENTION, WORKSPACE.entries),
            ids: Ids::new(seed),
            answers: Answers::default(),
            log: Log::default(),
            script: Script::default(),
            counts: Counts::default(),
            weather,
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
        let key = Sha256::new().chain_update(kind.name()).chain_update([0]).chain_update(id);
        let digest: [u8; 32] = key.finalize().into();
        let half = digest.first_chunk().copied().unwrap_or_default();
        self.message_ids.is_new(half, now)
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

    pub(super) fn record_inbound(&mut self, event: Accepted) {
        let bytes = size_of::<Accepted>() + event.runs.iter().map(String::len).sum::<usize>();
        self.inbound.push(event, bytes);
    }
}
