//! Direct mode: each type to the endpoints made for it.

use super::{Direct, Inline, Plan, Refusal, Rules, forward, group, identify, mapping, step, track};
use crate::courier::{Action, Request, UserId};
use crate::event::{Event, EventType};
use crate::telemetry::SkipReason;

/// What the files of this mode share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub(super) event: &'a Event,
    pub(super) rules: &'a Rules,
    pub(super) direct: &'a Direct,
}

/// Whether the own writes of an event went into the steps, or why there is nothing to do at all.
pub(super) type Written = Result<Result<(), SkipReason>, Refusal>;

/// Plans one event by its type.
pub(super) fn plan(event: &Event, rules: &Rules, direct: &Direct) -> Result<Plan, Refusal> {
    let context = Context { event, rules, direct };
    let mut steps = step::Builder::new(event, rules);
    let written = match event.kind {
        EventType::Identify => identify::push(context, &mut steps)?,
        EventType::Track => track::push(context, &mut steps)?,
        EventType::Group => group::push(context, &mut steps)?,
        EventType::Page
        | EventType::Screen
        | EventType::Alias
        | EventType::Merge
        | EventType::Record
        | EventType::AudienceList
        | EventType::Other => {
            mapping::push(context, &mut steps)?;
            steps.last().map(|_| ()).ok_or(SkipReason::Unsupported)
        }
    };
    if let Err(reason) = written {
        return Ok(Plan::Skip(reason));
    }
    announce(context, &mut steps)?;
    Ok(steps.finish())
}

impl Context<'_> {
    /// The user of the event as Courier knows them: `userId`, else `anonymousId` where that is allowed.
    pub(super) fn user(&self) -> Option<(&'static str, &str)> {
        let known = self.event.user_id.as_ref().map(|id| ("userId", id.as_str()));
        known.or_else(|| self.anonymous().filter(|_| self.direct.anonymous_fallback))
    }

    /// The member of a group: `userId`, else `anonymousId`.
    pub(super) fn member(&self) -> Option<(&'static str, &str)> {
        let known = self.event.user_id.as_ref().map(|id| ("userId", id.as_str()));
        known.or_else(|| self.anonymous())
    }

    fn anonymous(&self) -> Option<(&'static str, &str)> {
        self.event.anonymous_id.as_ref().map(|id| ("anonymousId", id.as_str()))
    }
}

/// A user id that can stand in a path.
pub(super) fn path_user((field, id): (&'static str, &str)) -> Result<UserId, Refusal> {
    UserId::new(id).map_err(Refusal::id(field))
}

/// Posts the event to Studio's RudderStack page as well, unless it goes there anyway.
fn announce(context: Context<'_>, steps: &mut step::Builder<'_>) -> Result<(), Refusal> {
    let is_there =
        |action: &Action| matches!(action, Action::Request(Request::InboundRudderStack { .. }));
    if !context.direct.announce.contains(&context.event.kind) || steps.any(is_there) {
        return Ok(());
    }
    // An inline automation has been run by now, or was not trusted: Courier must not run it as well.
    steps.push_user(steps.last(), forward::request(context.event, Inline::Ignore)?);
    Ok(())
}
