//! Courier and the way to it, as a small model: a transport that decides by lot what becomes of each attempt.
//!
//! It goes on working on what the sink has given up waiting for, replays the stored answer to a key, answers 409 to a
//! key whose first request still runs, and takes each `messageId` once. It notes what it was asked and what it did.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use courier_sink::delivery::{Call, Failure, Receipt};
use courier_sink::sink::Transport;
use fastrand::Rng;

use crate::log::{Answered, Asked, Log, What};

use crate::reply::{Reply, lost};
use crate::weather::{Trouble, Weather};
use state::{Ghost, State};

mod state;

/// Longer than any attempt may take.
const FOREVER: Duration = Duration::from_secs(1_000_000_000);

#[derive(Clone)]
pub(crate) struct Courier {
    log: Log,
    state: Arc<Mutex<State>>,
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
            Some(Trouble::Garbled) => reply.map(Reply::garbled),
            Some(Trouble::LostBefore | Trouble::LostAfter) => None,
            _ => reply,
        };
        let endpoint = self.job.asked.endpoint;
        let now = self.courier.log.now();
        let result = reply.map_or_else(|| Err(lost()), |reply| reply.judge(endpoint, now));
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
