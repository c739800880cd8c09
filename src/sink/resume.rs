//! Where an event goes on of which a part was done before. Pure.

use crate::courier::Generation;
use crate::event::{Event, MessageId};
use crate::finalization::Done;
use crate::plan::Step;

/// Where to go on with an event. The steps are those of its plan: under other rules they may be others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// The id the event had before, for one that carries none of its own: its keys are made of it
    pub message_id: Option<MessageId>,
    /// The steps that are done and must not be done again, from 0
    pub steps_done: Vec<usize>,
    /// The generation the keys of all other steps begin with
    pub generation: Generation,
    /// Whether its event may be of any age: somebody has decided that it is still wanted
    pub ignores_expiry: bool,
}

impl Resume {
    /// Where to go on with an event of which so much more is done than `resume` says, steps of the plan at that position
    /// among it; nothing where it begins at its beginning. What was done under another plan is not known to be in this one.
    pub(super) fn behind(resume: Option<Self>, done: &Done, plan: usize) -> Option<Self> {
        let steps = done.part(plan);
        if steps.is_nothing() && done.generation() == 0 {
            return resume;
        }
        let mut resume = resume.unwrap_or_default();
        let steps = steps.parts().filter(|(_, step)| step.is_whole());
        resume.steps_done.extend(steps.map(|(step, _)| step));
        resume.steps_done.sort_unstable();
        resume.steps_done.dedup();
        resume.generation = resume.generation.max(Generation(done.generation()));
        Some(resume)
    }

    /// Gives the event the id it had, unless it brings its own.
    pub(super) fn name(&self, event: &mut Event) {
        if let Some(id) = self.message_id.clone().filter(|_| event.message_id_was_made) {
            event.message_id = id;
        }
    }

    /// The steps that are left. What waited for a step that is done waits no more.
    pub(super) fn rest(&self, steps: Vec<Step>) -> Vec<Step> {
        let is_done = |step: usize| self.steps_done.contains(&step);
        let places: Vec<_> = (0..steps.len()).filter(|step| !is_done(*step)).collect();
        let moved = |step: Step| {
            let after = step.after.and_then(|after| places.iter().position(|it| *it == after));
            Step { after, ..step }
        };
        let left = steps.into_iter().enumerate().filter(|(step, _)| !is_done(*step));
        left.map(|(_, step)| moved(step)).collect()
    }

    /// Which step of the plan the `left`th of those left is.
    pub(super) fn position(&self, left: usize) -> usize {
        let mut steps = (0..).filter(|step| !self.steps_done.contains(step));
        steps.nth(left).unwrap_or(left)
    }

    /// The steps done before and, of those left, now.
    pub(super) fn all_done(&self, now: &[usize]) -> Vec<usize> {
        let now = now.iter().map(|step| self.position(*step));
        let mut all: Vec<_> = self.steps_done.iter().copied().chain(now).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courier::{Action, Body, KeySeed, Request};
    use crate::plan::Lane;

    fn step(step: u16, after: Option<usize>) -> Step {
        let seed = KeySeed { sink: "s".into(), message_id: "m".into(), step };
        let request = Request::InvokeAdHoc { body: Body::empty_object() };
        Step { lane: Lane::None, after, action: Action::Request(request), seed }
    }

    #[test]
    fn what_is_done_is_left_out_and_the_rest_keeps_its_names_and_its_order() {
        let resume = Resume { steps_done: vec![0, 2], ..Resume::default() };
        let steps = vec![step(0, None), step(1, Some(0)), step(2, Some(1)), step(3, Some(1))];
        let rest = resume.rest(steps);
        let told: Vec<_> = rest.iter().map(|step| (step.seed.step, step.after)).collect();
        assert_eq!(told, [(1, None), (3, Some(0))]);
        assert_eq!((resume.position(0), resume.position(1)), (1, 3));
        assert_eq!(resume.all_done(&[1]), [0, 2, 3]);
    }
}
