//! Running automations: what is started, with which context, and what its steps do to the state.
//!
//! In: a start, by request, by event or by a step of another run. Out: a run in the state's log, and the effects of its
//! steps. Sync; it runs under the state's lock, so what one start may cost is bounded. It knows no HTTP.

mod condition;
mod context;
mod delay;
mod effects;
mod engine;
mod resolve;
mod stops;

pub(super) use context::Context;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::state::{Source, StartedBy, State};
use engine::Engine;

/// Something to be run.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) source: Source,
    pub(super) started_by: StartedBy,
    /// Its steps; `None` where they are not known.
    pub(super) steps: Option<Arc<[Value]>>,
    pub(super) context: Context,
    /// What cancels it, with its references not yet resolved.
    pub(super) token: Option<String>,
}

impl Start {
    /// A stored automation; one that is not known here has no known steps, and is accepted all the same: which ones a
    /// real workspace has cannot be known.
    pub(super) fn template(
        state: &State,
        id: &str,
        started_by: StartedBy,
        context: Context,
    ) -> Self {
        let template = state.automations.templates.get(id);
        Self {
            source: Source::Template(id.to_owned()),
            started_by,
            steps: template.map(|template| Arc::clone(&template.steps)),
            context,
            token: template.and_then(|template| template.cancelation_token.clone()),
        }
    }
}

/// Runs it, and gives the run's id.
pub(super) fn start(state: &mut State, start: Start, now: Duration) -> String {
    Engine::new(state, now).run(start, now, 0)
}

/// Logs a start whose steps are wrong as a run that failed, since whoever sent them was told nothing. Gives the run's id.
pub(super) fn refuse(
    state: &mut State,
    start: Start,
    given: &Value,
    why: String,
    now: Duration,
) -> String {
    Engine::new(state, now).refuse(start, given, why)
}
