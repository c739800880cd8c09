//! The window, reckoned from outside: a lane owns a tenth of it, and what it holds beyond that is the overflow's.

use std::collections::BTreeMap;

use courier_sink::plan::Lane;

use crate::events::Meaning;
use crate::play::Played;

pub(crate) struct Window<'a> {
    played: &'a Played,
    inside: BTreeMap<usize, Lane>,
}

impl<'a> Window<'a> {
    pub(crate) fn new(played: &'a Played) -> Self {
        Self { played, inside: BTreeMap::new() }
    }

    /// An event comes in; an error is one too many.
    pub(crate) fn enter(&mut self, event: usize) -> Result<(), String> {
        self.inside.insert(event, self.lane(event));
        let limit = self.played.options.window;
        let share = (limit / 10).max(1);
        let mut lanes: BTreeMap<&Lane, usize> = BTreeMap::new();
        for lane in self.inside.values() {
            *lanes.entry(lane).or_default() += 1;
        }
        let own = |(lane, held): (&&Lane, &usize)| {
            if **lane == Lane::None { *held } else { share.min(*held) }
        };
        let window: usize = lanes.iter().map(own).sum();
        let overflow = self.inside.len() - window;
        if window > limit || overflow > limit {
            return Err(format!("{window} events are inside the window and {overflow} beyond it"));
        }
        Ok(())
    }

    pub(crate) fn leave(&mut self, event: usize) {
        self.inside.remove(&event);
    }

    /// Whatever came with others in a record leaves once it `has_ended`.
    pub(crate) fn leave_all(&mut self, has_ended: impl Fn(usize) -> bool) {
        let played = self.played;
        self.inside.retain(|event, _| played.record(*event).len() == 1 || !has_ended(*event));
    }

    fn lane(&self, event: usize) -> Lane {
        let Meaning::Steps(steps) = &self.played.events[event].meaning else { return Lane::None };
        let lanes = || steps.iter().map(|step| &step.lane);
        let user = lanes().find(|lane| matches!(lane, Lane::User(_)));
        let tenant = || lanes().find(|lane| matches!(lane, Lane::Tenant(_)));
        user.or_else(tenant).cloned().unwrap_or(Lane::None)
    }
}
