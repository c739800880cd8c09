//! One run after another: the steps in their order, their references, their conditions, and what ends a run.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::members::written;
use super::super::state::{Run, RunStatus, RunStep, State, StepStatus};
use super::condition::{self, Condition};
use super::resolve::Room;
use super::stops::Stops;
use super::{Context, Start};

/// Security: automations can start automations, themselves included. How deep, and how many steps one start may take
/// in all; beyond that a step fails.
const MAX_DEPTH: usize = 10;
const MAX_STEPS: usize = 2_000;

/// What one start has left to spend, and what it did that its other runs must know.
#[derive(Debug)]
pub(super) struct Engine<'a> {
    pub(super) state: &'a mut State,
    pub(super) now: Duration,
    pub(super) room: Room,
    steps: usize,
    /// Whose profiles were written, in order.
    pub(super) written: Vec<String>,
    /// The runs under way, each started by the one before it.
    pub(super) stops: Stops,
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
    /// What the steps after it read at a path.
    pub(super) got: Option<(String, Value)>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(state: &'a mut State, now: Duration) -> Self {
        let (room, stops) = (Room::default(), Stops::default());
        Self { state, now, room, steps: 0, written: Vec::new(), stops }
    }

    /// Runs it from a time on, and gives its id.
    pub(super) fn run(&mut self, start: Start, begins: Duration, depth: usize) -> String {
        let run_id = self.state.ids.give().text();
        let Start { source, started_by, steps: given, mut context, token } = start;
        let cancelation_token = token.and_then(|token| {
            let token = self.room.resolve(&Value::from(token), &context, &mut Vec::new()).ok()?;
            written(&token)
        });
        self.stops.open(&self.state.runs, cancelation_token.clone(), begins);
        let mut outcome =
            if given.is_some() { RunStatus::Processed } else { RunStatus::Processing };
        let mut at = begins;
        let mut steps = Vec::new();
        let mut seen = self.written.len();
        for step in given.iter().flat_map(|steps| steps.iter()) {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                outcome = RunStatus::Error;
                break;
            }
            let mut news = self.written.iter().skip(seen);
            if news.any(|user| Some(user.as_str()) == context.recipient()) {
                context.refresh(self.state);
            }
            seen = self.written.len();
            let open = Open { run_id: &run_id, context: &context, at, depth };
            let (step, done) = if outcome == RunStatus::Error {
                let note = Some("a step before it failed".to_owned());
                (self.blank(step, at, StepStatus::NotProcessed, note), Done::default())
            } else if self.stops.is_stopped(at) {
                (self.blank(step, at, StepStatus::Canceled, None), Done::default())
            } else {
                self.step(step, &open)
            };
            if step.status == StepStatus::Error {
                outcome = RunStatus::Error;
            }
            at = at.saturating_add(done.delay);
            if let Some((path, value)) = done.got {
                context.put(&path, value);
            }
            steps.push(step);
        }
        let mut ends = at;
        if let Some(stop) = self.stops.close().filter(|stop| {
            outcome == RunStatus::Processing || outcome == RunStatus::Processed && *stop <= at
        }) {
            (outcome, ends) = (RunStatus::Canceled, stop);
        }
        self.state.runs.push(Run {
            run_id: run_id.clone(),
            source,
            started_by,
            // It is noted when it has been answered, so the next one is this one.
            request: self.state.log.next(),
            recipient: context.recipient().map(String::from),
            context: context.into_value(),
            cancelation_token,
            steps,
            outcome,
            created: begins,
            ends,
        });
        run_id
    }

    /// A run that cannot be, since what was given are no steps. Gives its id.
    pub(super) fn refuse(&mut self, start: Start, given: &Value, note: String) -> String {
        let run_id = self.state.ids.give().text();
        let step = self.blank(&json!({"action": "steps"}), self.now, StepStatus::Error, Some(note));
        self.state.runs.push(Run {
            run_id: run_id.clone(),
            source: start.source,
            started_by: start.started_by,
            request: self.state.log.next(),
            recipient: start.context.recipient().map(String::from),
            context: start.context.into_value(),
            cancelation_token: None,
            steps: vec![RunStep { resolved: given.clone(), ..step }],
            outcome: RunStatus::Error,
            created: self.now,
            ends: self.now,
        });
        run_id
    }

    fn step(&mut self, step: &Value, open: &Open<'_>) -> (RunStep, Done) {
        let mut missing = Vec::new();
        let Ok(resolved) = self.room.resolve(step, open.context, &mut missing) else {
            let note = "its values are larger than the emulator keeps".to_owned();
            return (self.blank(step, open.at, StepStatus::Error, Some(note)), Done::default());
        };
        let condition = match (step.get("if"), resolved.get("if")) {
            (Some(written), Some(resolved)) => condition::judge(written, resolved, open.context),
            _ => Condition::Holds,
        };
        let failed = |note| Done { note: Some(note), ..Done::default() };
        let (status, mut done) = if condition == Condition::Fails {
            (StepStatus::NotProcessed, failed("its 'if' is false".to_owned()))
        } else if open.depth >= MAX_DEPTH {
            let note = format!("it is the {MAX_DEPTH}th automation that one started another");
            (StepStatus::Error, failed(note))
        } else {
            match self.perform(&resolved, open) {
                Ok(done) => (StepStatus::Processed, done),
                Err(note) => (StepStatus::Error, failed(note)),
            }
        };
        if done.note.is_none() && condition == Condition::NotEvaluated {
            done.note = Some("its 'if' was not evaluated, and taken for true".to_owned());
        }
        let step = RunStep {
            resolved,
            unresolved: missing,
            message_id: done.message_id.take(),
            run_id: done.run_id.take(),
            ..self.blank(step, open.at, status, done.note.take())
        };
        (step, done)
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
            step_id: self.state.ids.give().text(),
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
