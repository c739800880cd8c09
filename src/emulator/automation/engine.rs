//! One run after another: the steps in their order, their references, their conditions, and what ends a run.

use std::time::Duration;

use serde_json::Value;

use super::super::state::{Run, RunStatus, RunStep, State, StepStatus};
use super::resolve::Room;
use super::{Context, Start};

/// Security: automations can start automations, themselves included. How deep, and how many steps one start may take
/// in all; beyond that a step fails.
const MAX_DEPTH: usize = 10;
const MAX_STEPS: usize = 2_000;

/// What one start has left to spend.
#[derive(Debug)]
pub(super) struct Engine<'a> {
    pub(super) state: &'a mut State,
    pub(super) now: Duration,
    pub(super) room: Room,
    steps: usize,
}

/// The run under way, as its steps see it.
#[derive(Debug)]
pub(super) struct Open<'a> {
    pub(super) run_id: &'a str,
    pub(super) context: &'a Context,
    /// When the step is due.
    pub(super) at: Duration,
    pub(super) depth: usize,
}

/// What became of a step.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) note: Option<String>,
    pub(super) message_id: Option<String>,
    pub(super) run_id: Option<String>,
    /// How much later the next step is due.
    pub(super) delay: Duration,
}

impl<'a> Engine<'a> {
    pub(super) fn new(state: &'a mut State, now: Duration) -> Self {
        Self { state, now, room: Room::default(), steps: 0 }
    }

    /// Runs it from a time on, and gives its id.
    pub(super) fn run(&mut self, start: Start, begins: Duration, depth: usize) -> String {
        let run_id = self.state.ids.give();
        let Start { source, started_by, steps: given, context, token } = start;
        let cancelation_token = token.and_then(|token| {
            let token = self.room.resolve(&Value::from(token), &context, &mut Vec::new()).ok()?;
            written(&token)
        });
        let mut outcome =
            if given.is_some() { RunStatus::Processed } else { RunStatus::Processing };
        let mut at = begins;
        let mut steps = Vec::new();
        for step in given.iter().flat_map(|steps| steps.iter()) {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                outcome = RunStatus::Error;
                break;
            }
            let open = Open { run_id: &run_id, context: &context, at, depth };
            let (step, delay) = if outcome == RunStatus::Error {
                let note = "a step before it failed".to_owned();
                (self.blank(step, at, StepStatus::NotProcessed, Some(note)), Duration::ZERO)
            } else {
                self.step(step, &open)
            };
            if step.status == StepStatus::Error {
                outcome = RunStatus::Error;
            }
            at = at.saturating_add(delay);
            steps.push(step);
        }
        let recipient = context.recipient().map(String::from);
        self.state.runs.push(Run {
            run_id: run_id.clone(),
            source,
            started_by,
            // It is noted when it has been answered, so the next one is this one.
            request: self.state.log.next(),
            recipient,
            context: context.into_value(),
            cancelation_token,
            steps,
            outcome,
            created: self.now,
            ends: at,
        });
        run_id
    }

    fn step(&mut self, step: &Value, open: &Open<'_>) -> (RunStep, Duration) {
        let mut missing = Vec::new();
        let Ok(resolved) = self.room.resolve(step, open.context, &mut missing) else {
            let note = "its values are larger than the emulator keeps".to_owned();
            return (self.blank(step, open.at, StepStatus::Error, Some(note)), Duration::ZERO);
        };
        let condition = resolved.get("if").filter(|value| !value.is_null());
        let is_false = |value: &Value| value == &Value::Bool(false) || value == "false";
        let (status, done) = if condition.is_some_and(is_false) {
            let note = Some("its 'if' is false".to_owned());
            (StepStatus::NotProcessed, Done { note, ..Done::default() })
        } else if open.depth >= MAX_DEPTH {
            let note = format!("it is the {MAX_DEPTH}th automation that one started another");
            (StepStatus::Error, Done { note: Some(note), ..Done::default() })
        } else {
            match self.perform(&resolved, open) {
                Ok(done) => (StepStatus::Processed, done),
                Err(note) => (StepStatus::Error, Done { note: Some(note), ..Done::default() }),
            }
        };
        let mut note = done.note;
        // Courier documents a boolean expression, and no grammar for it.
        let is_expression =
            |value: &Value| !value.is_boolean() && value != "true" && !is_false(value);
        if note.is_none() && condition.is_some_and(is_expression) {
            note = Some("its 'if' was not evaluated, and taken for true".to_owned());
        }
        let step = RunStep {
            resolved,
            unresolved: missing,
            message_id: done.message_id,
            run_id: done.run_id,
            ..self.blank(step, open.at, status, note)
        };
        (step, done.delay)
    }

    /// A step of which nothing is known but how it is written.
    fn blank(
        &mut self,
        step: &Value,
        at: Duration,
        status: StepStatus,
        note: Option<String>,
    ) -> RunStep {
        let action = step.get("action").and_then(Value::as_str).unwrap_or_default();
        RunStep {
            step_id: self.state.ids.give(),
            action: action.to_owned(),
            status,
            resolved: Value::Null,
            unresolved: Vec::new(),
            note,
            message_id: None,
            run_id: None,
            at,
        }
    }
}

/// A token or an id, which may well be a number.
pub(super) fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}
