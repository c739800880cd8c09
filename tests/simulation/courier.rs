//! Courier and the way to it, as a small model: a transport that decides by lot what becomes of each attempt.
//!
//! It goes on working on what the sink has given up waiting for, replays the stored answer to a key, answers 409 to a
//! key whose first request still runs, and takes each `messageId` once. It notes what it was asked and what it did.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use courier_sink::courier::{Class, Endpoint, Request};
use courier_sink::delivery::{Call, Failure, Receipt};
use courier_sink::plan::Lane;
use courier_sink::sink::Transport;
use fastrand::Rng;

use crate::events;
use crate::log::{Answered, Asked, Committed, Log, What};
use crate::reply::{Reply, lost};
use crate::weather::{Trouble, Weather};

/// Longer than any attempt may take.
const FOREVER: Duration = Duration::from_secs(1_000_000_000);

#[derive(Clone)]
pub(crate) struct Courier {
    log: Log,
    state: Arc<Mutex<State>>,
}

struct State {
    weather: Weather,
    chance: Rng,
    attempts: usize,
    tenants: BTreeMap<String, Bytes>,
    messages: BTreeSet<(Endpoint, usize)>,
    answers: BTreeMap<(String, String), Kept>,
    arrivals: VecDeque<Duration>,
    /// What goes on without anybody waiting for it
    ghosts: Vec<Ghost>,
}

enum Kept {
    Running,
    Answered(Reply),
}

struct Ghost {
    due: Duration,
    job: Job,
    has_arrived: bool,
}

/// One attempt, as Courier sees it.
#[derive(Clone)]
struct Job {
    number: usize,
    asked: Asked,
    body: Bytes,
    key: Option<(String, String)>,
    trouble: Option<Trouble>,
    way: Duration,
    work: Duration,
    back: Duration,
}

/// An attempt under way. Dropped before its answer, it is gone for the sink, not for Courier.
struct Flight {
    courier: Courier,
    job: Job,
    began: Duration,
    has_arrived: bool,
    has_landed: bool,
    goes_on: bool,
}

impl Courier {
    pub(crate) fn new(weather: Weather, chance: Rng, log: Log) -> Self {
        let state = State {
            weather,
            chance,
            attempts: 0,
            tenants: BTreeMap::new(),
            messages: BTreeSet::new(),
            answers: BTreeMap::new(),
            arrivals: VecDeque::new(),
            ghosts: Vec::new(),
        };
        Self { log, state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn transport(&self) -> impl Transport + use<> {
        let courier = self.clone();
        tower::service_fn(move |call: Call| courier.clone().fly(&call))
    }

    /// Lets everything come to its end that nobody waits for.
    pub(crate) fn settle(&self) {
        let mut state = self.state.lock().unwrap();
        state.settle(FOREVER, &self.log);
    }

    fn fly(self, call: &Call) -> impl Future<Output = Result<Receipt, Failure>> + Send + use<> {
        let began = self.log.now();
        let mut state = self.state.lock().unwrap();
        state.settle(began, &self.log);
        let job = state.job(call, began);
        let goes_on = state.chance.bool() && job.trouble != Some(Trouble::HangBefore);
        drop(state);
        self.log.push(What::Start(job.number, job.asked.clone()));
        let mut flight =
            Flight { courier: self, job, began, has_arrived: false, has_landed: false, goes_on };
        async move {
            sleep(flight.job.way).await;
            let mut reply = flight.arrive();
            if reply.is_none() {
                sleep(flight.job.work).await;
                reply = Some(flight.finish());
            }
            sleep(flight.job.back).await;
            flight.land(reply)
        }
    }
}

async fn sleep(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

impl Flight {
    /// Reaches Courier; an answer if the request gets no further.
    fn arrive(&mut self) -> Option<Reply> {
        let now = self.courier.log.now();
        let mut state = self.courier.state.lock().unwrap();
        state.settle(now, &self.courier.log);
        if self.job.trouble == Some(Trouble::LostBefore) {
            self.goes_on = false;
            return Some(Reply::new(0));
        }
        let reply = state.arrive(&self.job, now);
        // What was answered at the door is not worked on.
        self.has_arrived = true;
        self.goes_on = reply.is_none();
        reply
    }

    fn finish(&mut self) -> Reply {
        let now = self.courier.log.now();
        let mut state = self.courier.state.lock().unwrap();
        state.settle(now, &self.courier.log);
        self.goes_on = false;
        state.finish(&self.job, now, &self.courier.log)
    }

    fn land(&mut self, reply: Option<Reply>) -> Result<Receipt, Failure> {
        let reply = match self.job.trouble {
            Some(Trouble::ProxyAfter) => Some(Reply::new(502)),
            Some(Trouble::LostBefore | Trouble::LostAfter) => None,
            _ => reply,
        };
        let endpoint = self.job.asked.endpoint;
        let result = reply.map_or_else(|| Err(lost()), |reply| reply.judge(endpoint));
        self.has_landed = true;
        self.courier.log.push(What::Answer(self.job.number, Answered::of(&result)));
        result
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.has_landed {
            return;
        }
        self.courier.log.push(What::Gone(self.job.number));
        if self.goes_on {
            let mut due = self.began + self.job.way;
            if self.has_arrived {
                due += self.job.work;
            }
            let ghost = Ghost { due, job: self.job.clone(), has_arrived: self.has_arrived };
            self.courier.state.lock().unwrap().ghosts.push(ghost);
        }
    }
}

impl State {
    fn job(&mut self, call: &Call, now: Duration) -> Job {
        let number = self.attempts;
        self.attempts += 1;
        let chance = &mut self.chance;
        let trouble = self.weather.trouble(chance, now);
        let mut latency = || self.weather.latency(chance);
        let (mut way, mut work, mut back) = (latency(), latency(), latency());
        match trouble {
            Some(Trouble::HangBefore) => way = FOREVER,
            Some(Trouble::HangWithin) => work += Duration::from_secs(6),
            Some(Trouble::HangAfter) => back = FOREVER,
            _ => {}
        }
        let body = call.request.body().map(|body| body.to_bytes()).unwrap_or_default();
        let asked = asked(call, &body);
        let key = call.key().map(|key| (asked.path.clone(), key.as_str().to_owned()));
        Job { number, asked, body, key, trouble, way, work, back }
    }

    /// What happened up to `now` without anybody watching.
    fn settle(&mut self, now: Duration, log: &Log) {
        loop {
            let due = self.ghosts.iter().enumerate().min_by_key(|(_, it)| (it.due, it.job.number));
            let Some((index, _)) = due.filter(|(_, ghost)| ghost.due <= now) else {
                return;
            };
            let Ghost { due, job, has_arrived } = self.ghosts.remove(index);
            if has_arrived {
                self.finish(&job, due, log);
            } else if self.arrive(&job, due).is_none() {
                self.ghosts.push(Ghost { due: due + job.work, job, has_arrived: true });
            }
        }
    }

    fn arrive(&mut self, job: &Job, now: Duration) -> Option<Reply> {
        if self.weather.is_outage(now) {
            return Some(Reply::new(503));
        }
        if job.trouble == Some(Trouble::ProxyBefore) {
            return Some(Reply::new(502));
        }
        if self.weather.key_is_wrong(now) {
            return Some(Reply::new(401));
        }
        while self.arrivals.front().is_some_and(|at| *at + Duration::from_secs(1) <= now) {
            self.arrivals.pop_front();
        }
        if self.weather.is_too_many(self.arrivals.len(), now) {
            return Some(Reply::throttled(None));
        }
        self.arrivals.push_back(now);
        match job.trouble {
            Some(Trouble::Throttled) => return Some(Reply::throttled(None)),
            Some(Trouble::ThrottledFor(wait)) => return Some(Reply::throttled(Some(wait))),
            Some(Trouble::Slow408) => return Some(Reply::new(408)),
            _ => {}
        }
        if let Some(key) = &job.key {
            match self.answers.get(key) {
                Some(Kept::Running) => return Some(Reply::new(409)),
                Some(Kept::Answered(reply)) => return Some(reply.clone()),
                None => {
                    self.answers.insert(key.clone(), Kept::Running);
                }
            }
        }
        None
    }

    fn finish(&mut self, job: &Job, now: Duration, log: &Log) -> Reply {
        let reply = self.work(job, now, log);
        if let Some(key) = job.key.clone() {
            if reply.is_kept() {
                self.answers.insert(key, Kept::Answered(reply.clone()));
            } else {
                self.answers.remove(&key);
            }
        }
        reply
    }

    fn work(&mut self, job: &Job, now: Duration, log: &Log) -> Reply {
        let Job { asked, .. } = job;
        let is_marked = |event| asked.marks.contains(&event);
        if let Some(status) = self.weather.refusal(&asked.marks, now) {
            return Reply::new(status);
        }
        if job.trouble == Some(Trouble::ApiErrorBefore) {
            return Reply::api_error();
        }
        let mut reply = Reply::new(200);
        match asked.endpoint {
            Endpoint::GetTenant | Endpoint::ListTenants => {
                let tenant = self.tenants.get(&asked.path);
                return tenant.map_or(Reply::new(404), |body| Reply::with_body(body.clone()));
            }
            Endpoint::PutTenant => {
                self.tenants.insert(asked.path.clone(), job.body.clone());
            }
            Endpoint::InvokeJourney if is_marked(self.weather.filtered) => return Reply::new(422),
            endpoint if endpoint.class() == Class::Inbound => {
                let is_new =
                    asked.keyed.is_some_and(|(event, _)| self.messages.insert((endpoint, event)));
                if !is_new {
                    return Reply::new(409);
                }
            }
            _ => {}
        }
        if job.trouble == Some(Trouble::ApiErrorAfter) {
            reply = Reply::api_error();
        }
        let under_an_error = reply.status >= 500;
        log.push_at(now, What::Commit(Committed { attempt: job.number, under_an_error }));
        reply
    }
}

fn asked(call: &Call, body: &Bytes) -> Asked {
    let request = &*call.request;
    let lane = match request {
        Request::PostProfile { user, .. } | Request::PutMembership { user, .. } => {
            Lane::User(user.as_str().into())
        }
        Request::GetTenant { tenant } | Request::PutTenant { tenant, .. } => {
            Lane::Tenant(tenant.as_str().into())
        }
        _ => Lane::None,
    };
    let seed = call.seed.as_ref();
    let keyed = seed.and_then(|seed| Some((events::number(&seed.message_id)?, seed.step.into())));
    let marks = match keyed {
        Some((event, _)) => vec![event],
        None => events::marks(std::str::from_utf8(body).expect("a body is JSON")),
    };
    Asked {
        endpoint: request.endpoint(),
        path: request.path(),
        lane,
        keyed,
        generation: call.generation.0,
        marks,
    }
}
