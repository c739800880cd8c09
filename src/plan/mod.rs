//! What an event means for Courier: steps to take, or a reason to take none. Pure.
//!
//! The only place where both vocabularies are spoken. It knows no clock, no chance and no network: the same event
//! under the same rules gives the same plan, its idempotency keys included.

mod consent;
mod direct;
mod forward;
mod group;
mod identify;
mod ignored;
mod inline;
mod integrations;
mod mapping;
mod names;
mod profile;
mod refuse;
mod rules;
mod run;
mod step;
mod track;
mod traits;

pub use consent::{Consent, ConsentStrategy};
pub use ignored::IgnoredInline;
pub use mapping::{Automation, Data, Target, Trigger};
pub use refuse::Refusal;
pub use rules::{
    Direct, Inline, Integrations, Mode, NullTraits, Ordering, Rules, TenantRule, Traits, Unmapped,
};
pub use step::{Lane, Plan, Planned, Step};

use crate::event::{Event, EventType};
use crate::telemetry::SkipReason;

/// Plans one event.
pub fn plan(event: &Event, rules: &Rules) -> Planned {
    if rules.integrations == Integrations::Strict && !integrations::allow(event) {
        return Planned::skipped(SkipReason::Integrations);
    }
    if rules.consent.as_ref().is_some_and(|consent| consent.denies(event)) {
        return Planned::skipped(SkipReason::Consent);
    }
    let plan = match &rules.mode {
        Mode::Direct(direct) => direct::plan(event, rules, direct),
        Mode::Inbound { group } => inbound(event, rules, *group),
    };
    Planned {
        plan: plan.unwrap_or_else(Plan::Refuse),
        ignored_inline: ignored::ignored(event, rules),
    }
}

/// What RudderStack's own destination sends, and group events, which Courier documents and RudderStack refuses.
fn inbound(event: &Event, rules: &Rules, group: bool) -> Result<Plan, Refusal> {
    match event.kind {
        EventType::Identify | EventType::Track => {}
        EventType::Group if group => {
            event.group_id.as_ref().ok_or(Refusal::Missing("groupId"))?;
        }
        EventType::Group
        | EventType::Page
        | EventType::Screen
        | EventType::Alias
        | EventType::Merge
        | EventType::Record
        | EventType::AudienceList
        | EventType::Other => return Ok(Plan::Skip(SkipReason::Unsupported)),
    }
    let mut steps = step::Builder::new(event, rules);
    steps.push_user(None, forward::request(event, inline::trust(event, rules))?);
    Ok(steps.finish())
}
