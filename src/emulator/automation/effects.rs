//! What each action of a step does to the state. What only a real Courier could do is recorded, not done.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::super::members::written;
use super::super::outbox::{Outgoing, addressees, send};
use super::super::retention::weight;
use super::super::state::StartedBy;
use super::Start;
use super::delay;
use super::engine::{Done, Engine, Open};

const TOO_LARGE: &str = "the profiles it copies are larger than the emulator keeps";

/// Security: what a step writes below `data` is as deep as its path is long.
const MAX_PATH_PARTS: usize = 16;

/// Security: what a cancel pays of the room of one start for each run that it looks at.
const BYTES_FOR_A_RUN: usize = 64;

impl Engine<'_> {
    /// Performs a step whose references are resolved; an error is why that cannot be.
    pub(super) fn perform(&mut self, step: &Value, open: &Open<'_>) -> Result<Done, String> {
        match step.get("action").and_then(Value::as_str).unwrap_or_default() {
            "send" => Ok(self.send(step, open)),
            "send-list" => self.send_list(step, open),
            "delay" => {
                let delay = delay::length(step, open.at)?;
                let note = Some("recorded, not waited for".to_owned());
                Ok(Done { note, delay, ..Done::default() })
            }
            "update-profile" => self.update_profile(step, open),
            "subscribe" => self.subscribe(step, open),
            "cancel" => self.cancel(step, open),
            "get-profile" => self.get_profile(step, open),
            "invoke" => self.invoke(step, open),
            _ => Ok(Done { note: Some("recorded, not performed".to_owned()), ..Done::default() }),
        }
    }

    fn send(&mut self, step: &Value, open: &Open<'_>) -> Done {
        let context = open.context;
        let text = |from: &Value, name| from.get(name).and_then(Value::as_str).map(String::from);
        let message = step.get("message").filter(|message| message.is_object());
        let own = || {
            let recipient = step.get("recipient").and_then(written);
            let recipient = recipient.or_else(|| context.recipient().map(String::from));
            let given = step.get("profile").and_then(Value::as_object);
            let reachable = || given.or(context.profile()).and_then(address);
            recipient.or_else(reachable).unwrap_or_default()
        };
        let to = message.and_then(|message| message.get("to")).map(addressees);
        let default = || context.text("template").map(String::from);
        let notification = text(message.unwrap_or(step), "template").or_else(default);
        let event = message.and_then(|message| text(message.get("metadata")?, "event"));
        self.sent(
            Outgoing {
                to: to.unwrap_or_else(|| vec![own()]),
                event: event.or_else(|| notification.clone()).unwrap_or_default(),
                notification: notification.unwrap_or_default(),
                request: Arc::new(step.clone()),
                run_id: Some(open.run_id.to_owned()),
            },
            open.at,
        )
    }

    fn send_list(&mut self, step: &Value, open: &Open<'_>) -> Result<Done, String> {
        let list = step.get("list").and_then(written).ok_or("a 'list' is needed")?;
        let template = step.get("template").and_then(Value::as_str);
        let template = template.or(open.context.text("template")).unwrap_or_default().to_owned();
        let outgoing = Outgoing {
            to: vec![list],
            event: template.clone(),
            notification: template,
            request: Arc::new(step.clone()),
            run_id: Some(open.run_id.to_owned()),
        };
        Ok(self.sent(outgoing, open.at))
    }

    fn sent(&mut self, outgoing: Outgoing, at: Duration) -> Done {
        Done { message_id: Some(send(self.state, outgoing, at)), ..Done::default() }
    }

    /// Courier's strategies, by the top level of the profile; its default for this step replaces all of it.
    fn update_profile(&mut self, step: &Value, open: &Open<'_>) -> Result<Done, String> {
        let user = step.get("recipient_id").and_then(written);
        let user = user.or_else(|| open.context.recipient().map(String::from));
        let user = user.ok_or("there is no recipient whose profile it could be")?;
        let given = step.get("profile").and_then(Value::as_object).cloned();
        let given = given.ok_or("the 'profile' is not an object")?;
        let stored = self.stored(&user)?;
        let merge = step.get("merge").and_then(Value::as_str).unwrap_or("replace");
        let merged = merged(merge, stored, given)?;
        self.state.put_profile(&user, merged);
        self.written.push(user);
        Ok(Done::default())
    }

    /// Reads a profile into what later steps refer to: by default under what the run's `profile` has.
    fn get_profile(&mut self, step: &Value, open: &Open<'_>) -> Result<Done, String> {
        let user = step.get("user_id").and_then(written).ok_or("a 'user_id' is needed")?;
        let path = step.get("path").and_then(Value::as_str).unwrap_or("profile");
        let parts = path.split('.').count();
        if path != "profile" && (!path.starts_with("data.") || parts > MAX_PATH_PARTS) {
            return Err(format!("its 'path' must be 'profile' or below 'data', was '{path}'"));
        }
        let there = open.context.at(path).and_then(Value::as_object);
        self.room.take(there.map_or(0, weight)).map_err(|_| TOO_LARGE)?;
        let there = there.cloned().unwrap_or_default();
        let stored = self.stored(&user)?;
        let merge = step.get("merge_strategy").and_then(Value::as_str).unwrap_or("soft-merge");
        let profile = Value::Object(merged(merge, there, stored)?);
        Ok(Done { got: Some((path.to_owned(), profile)), ..Done::default() })
    }

    /// A copy of a profile, which takes of the room: a step may ask for it again and again.
    fn stored(&mut self, user: &str) -> Result<Map<String, Value>, String> {
        let stored = self.state.profiles.get(user);
        self.room.take(stored.map_or(0, weight)).map_err(|_| TOO_LARGE)?;
        Ok(stored.cloned().unwrap_or_default())
    }

    /// Stops the runs that share a token, as of when the step is due: those that have not ended by then, this one and those
    /// that started it included, and those that start between now and then.
    fn cancel(&mut self, step: &Value, open: &Open<'_>) -> Result<Done, String> {
        let token = step.get("cancelation_token").and_then(written);
        let token = token.ok_or("a 'cancelation_token' is needed")?;
        let looked_at = self.state.runs.count(&token).saturating_mul(BYTES_FOR_A_RUN);
        let too_many = "more runs share its token than one start may cancel";
        self.room.take(looked_at).map_err(|_| too_many)?;
        let messages = self.state.runs.cancel_all(&token, open.at, self.now);
        self.state.messages.cancel(&messages);
        self.stops.cancel(&token, open.at);
        if open.at > self.now && !self.state.runs.expect_cancel(&token, open.at, self.now) {
            return Err("there are too many cancels yet to come".to_owned());
        }
        Ok(Done::default())
    }

    fn subscribe(&mut self, step: &Value, open: &Open<'_>) -> Result<Done, String> {
        let list = step.get("list_id").and_then(written).ok_or("a 'list_id' is needed")?;
        let user = step.get("recipient_id").and_then(written);
        let user = user.or_else(|| open.context.recipient().map(String::from));
        let user = user.ok_or("there is no recipient to subscribe")?;
        let preferences = step.pointer("/subscription/preferences").cloned().unwrap_or_default();
        self.state.lists.subscribe(&list, &user, preferences, self.now);
        Ok(Done::default())
    }

    fn invoke(&mut self, step: &Value, open: &Open<'_>) -> Result<Done, String> {
        let template = step.get("template").and_then(Value::as_str).filter(|it| !it.is_empty());
        let template = template.ok_or("a 'template' is needed")?;
        let context = match step.get("context").and_then(Value::as_object) {
            Some(given) => open.context.with(self.state, given),
            None => open.context.clone(),
        };
        let by = StartedBy::Run(open.run_id.to_owned());
        let start = Start::template(self.state, template, by, context);
        let run_id = self.run(start, open.at, open.depth + 1);
        Ok(Done { run_id: Some(run_id), ..Done::default() })
    }
}

/// By the strategy of that name, what is given with what is there.
fn merged(
    strategy: &str,
    there: Map<String, Value>,
    given: Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    match strategy {
        "replace" => Ok(given),
        "overwrite" => Ok(laid_over(there, given)),
        "soft-merge" => Ok(laid_over(given, there)),
        "none" if there.is_empty() => Ok(given),
        "none" => Ok(there),
        other => Err(format!("there is no merge strategy '{other}'")),
    }
}

fn laid_over(mut below: Map<String, Value>, above: Map<String, Value>) -> Map<String, Value> {
    below.extend(above);
    below
}

/// By what somebody without an id can be reached.
fn address(profile: &Map<String, Value>) -> Option<String> {
    ["user_id", "email", "phone_number"].iter().find_map(|name| written(profile.get(*name)?))
}
