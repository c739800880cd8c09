//! What each action of a step does to the state. What only a real Courier could do is recorded, not done.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::super::outbox::{Outgoing, addressees, send};
use super::super::state::StartedBy;
use super::Start;
use super::delay;
use super::engine::{Done, Engine, Open, written};

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
            "cancel" => {
                let token = step.get("cancelation_token").and_then(written);
                let token = token.ok_or("a 'cancelation_token' is needed")?;
                let messages = self.state.runs.cancel_all(&token, self.now);
                self.state.messages.cancel(&messages);
                Ok(Done::default())
            }
            "invoke" => self.invoke(step, open),
            _ => Ok(Done { note: Some("recorded, not performed".to_owned()), ..Done::default() }),
        }
    }

    fn send(&mut self, step: &Value, open: &Open<'_>) -> Done {
        let context = open.context;
        let text = |from: &Value, name| from.get(name).and_then(Value::as_str).map(String::from);
        let message = step.get("message").filter(|message| message.is_object());
        let own = || {
            let recipient =
                text(step, "recipient").or_else(|| context.recipient().map(String::from));
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
        let stored = self.state.profiles.get(user.as_str()).cloned();
        let stored = || stored.unwrap_or_default();
        let merged = match step.get("merge").and_then(Value::as_str).unwrap_or("replace") {
            "replace" => given,
            "overwrite" => laid_over(stored(), given),
            "soft-merge" => laid_over(given, stored()),
            "none" => Some(stored()).filter(|stored| !stored.is_empty()).unwrap_or(given),
            other => return Err(format!("there is no merge strategy '{other}'")),
        };
        self.state.put_profile(&user, merged);
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

fn laid_over(mut below: Map<String, Value>, above: Map<String, Value>) -> Map<String, Value> {
    below.extend(above);
    below
}

/// By what somebody without an id can be reached.
fn address(profile: &Map<String, Value>) -> Option<String> {
    ["user_id", "email", "phone_number"].iter().find_map(|name| written(profile.get(*name)?))
}
