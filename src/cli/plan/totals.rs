//! What the events of an input come to, and how long that takes at the agreed pace.

use std::collections::BTreeMap;
use std::time::Duration;

use super::entry::{Entry, Outcome};
use crate::courier::{Class, Endpoint};
use crate::delivery::{Rate, Settings};
use crate::telemetry::{Rejection, SkipReason};

/// The counts of one sink.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    /// Events, and records that are none
    pub(super) events: u64,
    pub(super) skipped: BTreeMap<SkipReason, u64>,
    pub(super) rejected: BTreeMap<Rejection, u64>,
    /// Events whose own automation was not trusted
    pub(super) ignored_inline: u64,
    /// Ids that had to be made
    pub(super) made_ids: u64,
    pub(super) requests: BTreeMap<Endpoint, u64>,
    /// How many events each mapping block matches, in the order of the file
    pub(super) blocks: Vec<u64>,
}

/// The shortest time that a limit allows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Needed {
    pub(super) at_least: Duration,
    /// The option that sets the limit
    pub(super) option: String,
}

impl Totals {
    /// Counts `entry`.
    pub(super) fn add(&mut self, entry: &Entry) {
        self.events += 1;
        self.ignored_inline += u64::from(entry.ignored_inline);
        self.made_ids += u64::from(entry.event.as_ref().is_some_and(|event| event.is_made));
        match &entry.outcome {
            Outcome::Requests(requests) => {
                for request in requests {
                    *self.requests.entry(request.endpoint).or_default() += 1;
                }
            }
            Outcome::Skipped(reason) => *self.skipped.entry(*reason).or_default() += 1,
            Outcome::Rejected(reason, _) => *self.rejected.entry(*reason).or_default() += 1,
        }
    }

    /// Counts which blocks an event matches.
    pub(super) fn add_matches(&mut self, matches: &[u64]) {
        self.blocks.resize(matches.len(), 0);
        for (count, more) in self.blocks.iter_mut().zip(matches) {
            *count += more;
        }
    }

    /// All requests together.
    pub(super) fn sum(&self) -> u64 {
        self.requests.values().sum()
    }

    /// How long the requests take at least, and which limit says so; `None` where no limit is configured.
    pub(super) fn needed(&self, settings: &Settings) -> Option<Needed> {
        let all = settings.rate.map(|rate| Needed {
            at_least: shortest(self.sum(), rate),
            option: "request.rate_limit_num".to_owned(),
        });
        let class = |class: Class| {
            let rate = settings.class_rates.get(class.index()).copied().flatten()?;
            let of_class = self.requests.iter().filter(|(endpoint, _)| endpoint.class() == class);
            let count = of_class.map(|(_, count)| count).sum();
            let option = format!("request.classes.{class}.rate_limit_num");
            Some(Needed { at_least: shortest(count, rate), option })
        };
        let limits = all.into_iter().chain(Class::ALL.into_iter().filter_map(class));
        // Of equal ones the first, which is that of all.
        limits.reduce(|most, other| if other.at_least > most.at_least { other } else { most })
    }
}

/// How long it takes from the first of `count` attempts to the last: so many may go at once, the others one by one.
fn shortest(count: u64, rate: Rate) -> Duration {
    let waiting = count.saturating_sub(rate.burst.get().into());
    let nanos = rate.per.as_nanos() * u128::from(waiting) / u128::from(rate.limit.get());
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn the_slowest_limit_says_how_long_it_takes() {
        let rate = |limit, burst| Rate {
            limit: NonZeroU32::new(limit).unwrap(),
            per: Duration::from_secs(1),
            burst: NonZeroU32::new(burst).unwrap(),
        };
        let mut totals = Totals::default();
        assert_eq!(totals.needed(&Settings::default()), None);
        totals.requests.insert(Endpoint::PostProfile, 105);
        totals.requests.insert(Endpoint::InboundRudderStack, 100);
        let mut settings = Settings { rate: Some(rate(10, 5)), ..Settings::default() };
        let needed = totals.needed(&settings).unwrap();
        assert_eq!(needed.at_least, Duration::from_secs(20));
        settings.class_rates[Class::Profiles.index()] = Some(rate(5, 5));
        settings.class_rates[Class::Inbound.index()] = Some(rate(2, 2));
        let needed = totals.needed(&settings).unwrap();
        assert_eq!(needed.at_least, Duration::from_secs(49));
        assert_eq!(needed.option, "request.classes.inbound.rate_limit_num");
    }
}
