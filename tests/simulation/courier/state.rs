//! Courier's side: what it was told, what it answered to which key, and what it still works on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use courier_sink::courier::{Class, Endpoint, Request};
use courier_sink::delivery::Call;
use courier_sink::plan::Lane;
use fastrand::Rng;

use super::{FOREVER, Job};
use crate::events;
use crate::log::{Asked, Committed, Log, What};
use crate::reply::Reply;
use crate::weather::{Trouble, Weather};

pub(super) struct State {
    pub(super) weather: Weather,
    pub(super) chance: Rng,
    pub(super) attempts: usize,
    pub(super) tenants: BTreeMap<String, Bytes>,
    pub(super) messages: BTreeSet<(Endpoint, usize)>,
    pub(super) answers: BTreeMap<(String, String), Kept>,
    pub(super) arrivals: VecDeque<Duration>,
    /// What goes on without anybody waiting for it
    pub(super) ghosts: Vec<Ghost>,
}

pub(super) enum Kept {
    Running,
    Answered(Reply),
}

pub(super) struct Ghost {
    pub(super) due: Duration,
    pub(super) job: Job,
    pub(super) has_arrived: bool,
}

impl State {
    pub(super) fn job(&mut self, call: &Call, now: Duration) -> Job {
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
    pub(super) fn settle(&mut self, now: Duration, log: &Log) {
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

    pub(super) fn arrive(&mut self, job: &Job, now: Duration) -> Option<Reply> {
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

    pub(super) fn finish(&mut self, job: &Job, now: Duration, log: &Log) -> Reply {
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

    pub(super) fn work(&mut self, job: &Job, now: Duration, log: &Log) -> Reply {
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
