//! The handle on an emulated Courier: its router, and what it holds, for whoever tests against it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::answer::Refusal;
use super::body::Bodies;
use super::log::LoggedRequest;
use super::observer::{Exchange, Observer};
use super::routes;
use super::script::Scripted;
use super::settings::Settings;
use super::state::{
    Accepted, InboundEvent, Invocation, JourneyState, Link, Message, Run, State, Template,
};
use super::summary::Summary;
use super::weather::Weather;
use crate::config::emulator::{Faults, Limits};

/// A local Courier without a socket. Clones are handles on the same state.
#[derive(Clone)]
pub struct Courier {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    state: Mutex<State>,
    observer: OnceLock<Observer>,
    bodies: Bodies,
}

impl Courier {
    /// A Courier that holds nothing yet.
    pub fn new(settings: Settings) -> Self {
        let now = settings.clock.now().since_epoch();
        let weather = Weather::new(settings.limits.clone(), settings.faults.clone(), now);
        let state = Mutex::new(State::new(settings.seed, weather));
        Self {
            shared: Arc::new(Shared {
                settings,
                state,
                observer: OnceLock::new(),
                bodies: Bodies::default(),
            }),
        }
    }

    /// The API, and the emulator's own `/emulator/requests` and `/emulator/summary`.
    pub fn router(&self) -> Router {
        routes::router(self)
    }

    /// Calls `observer` with each exchange from now on, when the request has been judged and before its answer goes out,
    /// in the task that serves it: a panic there is that task's. The state is not held, so it may ask this handle. Only
    /// the first observer is kept.
    pub fn observe(&self, observer: impl Fn(&Exchange) + Send + Sync + 'static) {
        // The first is the one whose exchanges are complete.
        let _ = self.shared.observer.set(Observer(Box::new(observer)));
    }

    /// Gives the next `times` requests that match a scripted answer. Entries are tried in the order
    /// they were made, and only the first that matches a request counts for it. The matcher runs
    /// while the state is held: it must not ask this handle anything.
    pub fn answer_next(
        &self,
        times: usize,
        matcher: impl Fn(&LoggedRequest) -> bool + Send + 'static,
        scripted: Scripted,
    ) {
        self.state().script.push(times, Box::new(matcher), scripted);
    }

    /// The requests seen, in the order they arrived.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.state().log.since(0).cloned().collect()
    }

    /// A digest of all that the log holds: the same seed, requests and times give the same.
    pub fn log_hash(&self) -> [u8; 32] {
        let state = self.state();
        let lines = state.log.since(0).map(LoggedRequest::line);
        let hash = lines.fold(Sha256::new(), Sha256::chain_update);
        hash.finalize().into()
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.state().weather.options().0.clone()
    }

    /// The faults in force.
    pub fn faults(&self) -> Faults {
        self.state().weather.options().1.clone()
    }

    /// Changes the limits while it runs.
    pub fn set_limits(&self, limits: Limits) {
        self.state().weather.set_limits(limits);
    }

    /// Changes the faults while it runs; their schedules and draws begin anew.
    pub fn set_faults(&self, faults: Faults) {
        let now = self.settings().clock.now().since_epoch();
        self.state().weather.set_faults(faults, now);
    }

    /// What was seen and is held, in numbers.
    pub fn summary(&self) -> Summary {
        Summary::of(&self.state())
    }

    /// A user's profile.
    pub fn profile(&self, user: &str) -> Option<Value> {
        self.state().profiles.get(user).cloned().map(Value::Object)
    }

    /// A tenant as `GET /tenants/{id}` gives it.
    pub fn tenant(&self, id: &str) -> Option<Value> {
        self.state().tenants.get(id).cloned().map(Value::Object)
    }

    /// A tenant's users in order, each with the membership's profile.
    pub fn members(&self, tenant: &str) -> Vec<(String, Value)> {
        let state = self.state();
        let members = state.memberships.of_tenant(tenant, None);
        members.map(|(user, profile)| (user.to_owned(), Value::Object(profile.clone()))).collect()
    }

    /// The automations and journeys asked for, in order.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.state().invocations.since(0).cloned().collect()
    }

    /// The inbound events accepted, in order, as far as their requests are remembered.
    pub fn inbound(&self) -> Vec<InboundEvent> {
        let state = self.state();
        let event = |it: &Accepted| Some(it.event(state.log.entry(it.sequence)?));
        state.inbound.since(0).filter_map(event).collect()
    }

    /// The runs of automations and journeys kept, newest first; how each stands now, [`Run::status`] tells.
    pub fn runs(&self) -> Vec<Run> {
        self.state().runs.newest(None).cloned().collect()
    }

    /// A run by its id.
    pub fn run(&self, run_id: &str) -> Option<Run> {
        self.state().runs.get(run_id).cloned()
    }

    /// The messages kept, newest first. None was sent anywhere.
    pub fn messages(&self) -> Vec<Message> {
        self.state().messages.newest(None).cloned().collect()
    }

    /// The automations written with [`Courier::put_automation`], by id.
    pub fn automations(&self) -> Vec<(String, Template)> {
        let state = self.state();
        let templates = state.automations.templates.from(std::ops::Bound::Unbounded);
        templates.map(|(id, template)| (id.to_string(), template.clone())).collect()
    }

    /// Creates or replaces an automation: `{"name"?, "steps", "cancelation_token"?}`, steps as `POST /automations/invoke`
    /// takes them. The error says what is wrong with it.
    pub fn put_automation(&self, id: &str, automation: Value) -> Result<(), String> {
        let now = self.settings().clock.now().since_epoch();
        routes::put_automation(&mut self.state(), id, automation, now).map_err(Refusal::message)
    }

    /// Removes an automation and the links to it; false where there is none. Its runs stay in the log.
    pub fn remove_automation(&self, id: &str) -> bool {
        self.state().automations.remove(id)
    }

    /// The events that start automations.
    pub fn links(&self) -> Vec<Link> {
        self.state().automations.links().cloned().collect()
    }

    /// Links an event to an automation. The error says what is wrong with it.
    pub fn link(&self, link: Link) -> Result<(), String> {
        routes::put_link(&mut self.state(), link).map_err(Refusal::message)
    }

    /// Removes a link; false where there is none.
    pub fn unlink(&self, link: &Link) -> bool {
        self.state().automations.unlink(link)
    }

    /// Lets a journey start for nobody from now on: each invocation is answered 404 or 422, as its state has it.
    pub fn set_journey(&self, id: &str, state: JourneyState) {
        self.state().journeys.set(id, state);
    }

    /// Lets a journey start again; false where nothing was said of it.
    pub fn reset_journey(&self, id: &str) -> bool {
        self.state().journeys.reset(id)
    }

    pub(super) fn observer(&self) -> Option<&(dyn Fn(&Exchange) + Send + Sync)> {
        self.shared.observer.get().map(|observer| observer.0.as_ref())
    }

    pub(super) fn bodies(&self) -> &Bodies {
        &self.shared.bodies
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The state. A panic under the lock (a test's matcher) leaves it as it stood.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Courier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The state holds personal data; the summary does not.
        formatter
            .debug_struct("Courier")
            .field("settings", &self.shared.settings)
            .field("summary", &self.summary())
            .finish()
    }
}
