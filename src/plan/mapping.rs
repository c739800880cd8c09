//! The mapping: which events start which automations, and with what.

use std::fmt;
use std::str::FromStr;

use super::direct::Context;
use super::{Refusal, run, step};
use crate::courier::{Body, Request, TemplateId};
use crate::event::{Event, EventType};
use crate::json::{Json, Kind, ObjectWriter, Path, PathError};

/// One mapping block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Automation {
    /// Which events it is for
    pub on: Trigger,
    /// What it starts
    pub target: Target,
    /// Whether it takes the place of an identify's or a group's own writes
    pub only: bool,
    /// What the run's data is
    pub data: Data,
    /// Where in the event the recipient's user id is, instead of the event's own user, or a group's member
    pub recipient: Option<Path>,
    /// Where in the event a profile for the run is; none is sent otherwise
    pub profile: Option<Path>,
}

/// Which events a block is for. A name is compared exactly, as Courier Studio does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The type
    pub kind: EventType,
    /// The name of a track event; any where absent
    pub name: Option<String>,
}

/// What a run's data is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Data {
    /// What the event sets apart for it, else its properties, else its traits
    #[default]
    Usual,
    /// What the event sets apart for it, else the event itself, as it would go to `/inbound/rudderstack`: what an
    /// automation gets that is linked to the event there
    Event,
    /// What is at this place in the event
    At(Path),
}

/// What a block starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A stored automation, by id or alias
    Template(TemplateId),
    /// A journey, by id or alias
    Journey(TemplateId),
    /// An automation given in the configuration: an array of steps
    Steps(Json),
}

impl Trigger {
    /// Whether `event` is one of those.
    pub fn matches(&self, event: &Event) -> bool {
        let is_named = || self.name.is_none() || self.name == event.name;
        self.kind == event.kind && is_named()
    }
}

impl FromStr for Data {
    type Err = PathError;

    /// A path, or `.` for the event itself.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "." => Ok(Self::Event),
            path => path.parse().map(Self::At),
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{}/{name}", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

fn matching(context: Context<'_>) -> impl Iterator<Item = &Automation> {
    context.direct.automations.iter().filter(move |block| block.on.matches(context.event))
}

/// Whether a matching block takes the place of the event's own writes.
pub(super) fn replaces_own_writes(context: Context<'_>) -> bool {
    matching(context).any(|block| block.only)
}

/// Adds a step for each matching block, in file order, each after the event's own writes and none after another.
pub(super) fn push(context: Context<'_>, steps: &mut step::Builder<'_>) -> Result<(), Refusal> {
    let own = steps.last();
    for block in matching(context) {
        let request = block.request(context)?;
        steps.push_user(own, request);
    }
    Ok(())
}

impl Automation {
    fn request(&self, context: Context<'_>) -> Result<Request, Refusal> {
        let recipient = self.recipient(context)?;
        let data = match &self.data {
            Data::Usual => run::data(context.event)?,
            Data::Event => Some(run::whole(context.event, context.rules)?),
            Data::At(path) => Some(self.object(context, "data", path)?),
        };
        let profile = self.profile.as_ref().map(|path| self.object(context, "profile", path));
        let profile = profile.transpose()?;
        let mut body = ObjectWriter::with_capacity(256);
        match &self.target {
            Target::Template(_) => {
                run::write_recipient(recipient.as_deref(), &mut body);
            }
            Target::Journey(_) => {
                // Courier answers 400 to a journey for nobody.
                if recipient.is_none() && profile.is_none() {
                    return Err(Refusal::Missing("userId"));
                }
                if let Some(recipient) = &recipient {
                    body.string("user_id", recipient);
                }
            }
            Target::Steps(list) => {
                body.raw("automation", &run::automation(list, None));
                run::write_recipient(recipient.as_deref(), &mut body);
            }
        }
        body.raw_if("data", data.as_ref().map(Json::as_str));
        body.raw_if("profile", profile.as_ref().map(Json::as_str));
        let body = Body::new(body.finish())?;
        Ok(match &self.target {
            Target::Template(template) => {
                Request::InvokeAutomation { template: template.clone(), body }
            }
            Target::Journey(journey) => Request::InvokeJourney { journey: journey.clone(), body },
            Target::Steps(_) => Request::InvokeAdHoc { body },
        })
    }

    fn recipient(&self, context: Context<'_>) -> Result<Option<String>, Refusal> {
        let Some(path) = &self.recipient else {
            // Whom a group event makes a member is whom it is about.
            let is_group = context.event.kind == EventType::Group;
            let user = if is_group { context.member() } else { context.user() };
            return Ok(user.map(|(_, id)| id.to_owned()));
        };
        let value = self.value(context, "recipient", path)?;
        run::id_text(&path.to_string(), &value).map(Some)
    }

    fn object(
        &self,
        context: Context<'_>,
        option: &'static str,
        path: &Path,
    ) -> Result<Json, Refusal> {
        run::object(&path.to_string(), self.value(context, option, path)?)
    }

    fn value(
        &self,
        context: Context<'_>,
        option: &'static str,
        path: &Path,
    ) -> Result<Json, Refusal> {
        let value = context.event.body.get(path).filter(|value| value.kind() != Kind::Null);
        value.ok_or_else(|| Refusal::MissingMapped {
            on: self.on.to_string(),
            option,
            path: path.to_string(),
        })
    }
}
