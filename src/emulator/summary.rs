//! What the emulator saw and holds, in numbers.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde::Serialize;

use super::state::State;

/// Numbers of a whole life; requests forgotten by the log still count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Requests answered, by method, route and status.
    pub requests: Vec<RouteCount>,
    /// Of these, how many were replays for an idempotency key.
    pub replayed: u64,
    /// Profiles held.
    pub profiles: usize,
    /// Tenants held.
    pub tenants: usize,
    /// Memberships held.
    pub memberships: usize,
    /// Invocations of automations and journeys accepted.
    pub invocations: u64,
    /// Inbound events accepted.
    pub inbound: u64,
    /// Runs of automations and journeys, those that events and other runs started included.
    pub runs: u64,
    /// Messages that would have been sent.
    pub messages: u64,
}

/// How often a route was answered with a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteCount {
    /// The method; `OTHER` for one that no route has.
    pub method: &'static str,
    /// The route's pattern; `unknown` when there is none.
    pub route: &'static str,
    /// The status.
    pub status: u16,
    /// How often.
    pub count: u64,
}

/// Running counts. Bounded by the routes there are.
#[derive(Debug, Default)]
pub(super) struct Counts {
    answered: BTreeMap<(&'static str, &'static str, u16), u64>,
    replayed: u64,
}

impl Counts {
    pub(super) fn answered(
        &mut self,
        method: &Method,
        route: Option<&'static str>,
        status: StatusCode,
        replayed: bool,
    ) {
        let key = (route.unwrap_or("unknown"), label(method), status.as_u16());
        *self.answered.entry(key).or_default() += 1;
        self.replayed += u64::from(replayed);
    }
}

impl Summary {
    pub(super) fn of(state: &State) -> Self {
        let requests = state.counts.answered.iter();
        Self {
            requests: requests
                .map(|(&(route, method, status), &count)| RouteCount {
                    method,
                    route,
                    status,
                    count,
                })
                .collect(),
            replayed: state.counts.replayed,
            profiles: state.profiles.len(),
            tenants: state.tenants.len(),
            memberships: state.memberships.len(),
            invocations: state.invocations.next(),
            inbound: state.inbound.next(),
            runs: state.runs.next(),
            messages: state.messages.next(),
        }
    }

    /// How many requests a route answered with success.
    pub fn succeeded(&self, method: &str, route: &str) -> u64 {
        let counts = self.requests.iter().filter(|count| {
            count.method == method && count.route == route && (200..300).contains(&count.status)
        });
        counts.map(|count| count.count).sum()
    }
}

/// The name of the methods that are not counted one by one.
pub(super) const UNKNOWN: &str = "OTHER";

pub(super) fn label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        // Methods are foreign text; counting each would be a store without a bound.
        _ => UNKNOWN,
    }
}
