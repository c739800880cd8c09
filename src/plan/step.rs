//! Steps: one piece of work each, in its lane, after what it depends on.

use std::sync::Arc;

use super::{IgnoredInline, Ordering, Refusal, Rules};
use crate::courier::{Action, KeySeed, Request};
use crate::event::Event;
use crate::telemetry::SkipReason;

/// A plan, and what was left out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What the event means
    pub plan: Plan,
    /// What the event brought of an inline automation that is not trusted
    pub ignored_inline: Option<IgnoredInline>,
}

/// What an event means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Work to do, in the order it is to be done; never empty
    Steps(Vec<Step>),
    /// Nothing to do, on purpose
    Skip(SkipReason),
    /// Nothing that can be done
    Refuse(Refusal),
}

/// One piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Among whose work it keeps its order
    pub lane: Lane,
    /// The position of the step of the same event that must have succeeded before
    pub after: Option<usize>,
    /// What to do
    pub action: Action,
    /// What its idempotency keys are made of
    pub seed: KeySeed,
}

/// A queue whose work is done one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// Work about nobody in particular: no order is kept
    None,
    /// Work about one user (`userId`, else `anonymousId`)
    User(Arc<str>),
    /// Work about one tenant; it never waits for a user
    Tenant(Arc<str>),
}

/// Gathers the steps of one event.
#[derive(Debug)]
pub(super) struct Builder<'a> {
    event: &'a Event,
    rules: &'a Rules,
    steps: Vec<Step>,
}

impl Planned {
    pub(super) const fn skipped(reason: SkipReason) -> Self {
        Self { plan: Plan::Skip(reason), ignored_inline: None }
    }
}

impl<'a> Builder<'a> {
    pub(super) fn new(event: &'a Event, rules: &'a Rules) -> Self {
        // Most events are one step.
        Self { event, rules, steps: Vec::with_capacity(1) }
    }

    /// Adds a request in the lane of the event's user, if users have lanes; gives its position.
    pub(super) fn push_user(&mut self, after: Option<usize>, request: Request) -> usize {
        let lane = match self.rules.ordering {
            Ordering::User => self.user_lane(),
            Ordering::None => Lane::None,
        };
        self.push(lane, after, Action::Request(request))
    }

    fn user_lane(&self) -> Lane {
        let user = self.event.user_id.as_ref().map(crate::event::Id::to_shared);
        let anonymous = || self.event.anonymous_id.as_ref().map(crate::event::Id::to_shared);
        user.or_else(anonymous).map_or(Lane::None, Lane::User)
    }

    /// Adds work in `lane`; gives its position.
    pub(super) fn push(&mut self, lane: Lane, after: Option<usize>, action: Action) -> usize {
        let position = self.steps.len();
        let seed = KeySeed {
            sink: Arc::clone(&self.rules.sink),
            message_id: self.event.message_id.to_shared(),
            step: u16::try_from(position).unwrap_or(u16::MAX),
        };
        self.steps.push(Step { lane, after, action, seed });
        position
    }

    /// The position of the last step so far.
    pub(super) fn last(&self) -> Option<usize> {
        self.steps.len().checked_sub(1)
    }

    /// Whether any step so far does work of this kind.
    pub(super) fn any(&self, is_wanted: impl Fn(&Action) -> bool) -> bool {
        self.steps.iter().any(|step| is_wanted(&step.action))
    }

    pub(super) fn finish(self) -> Plan {
        if self.steps.is_empty() {
            return Plan::Skip(SkipReason::Nothing);
        }
        Plan::Steps(self.steps)
    }
}
