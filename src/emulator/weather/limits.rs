//! How many requests are taken, in a time and at once: of all together and of each class.

use std::time::Duration;

use http::header::{HeaderName, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::super::answer::Answer;
use crate::config::emulator::{ClassLimit, Endpoints, Limits, WaitHeader};

/// Counts what the limits count.
#[derive(Debug)]
pub(super) struct Gate {
    limits: Limits,
    total: Count,
    classes: [Count; Endpoints::ALL.len()],
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    /// When the last of those admitted would be due, had they come evenly; since the Unix epoch.
    due: Duration,
    under_way: usize,
}

/// A request that is under way, and is to be released.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Permit(Option<Endpoints>);

/// There is no room now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Full {
    /// For how long; nothing where only the end of another request makes room.
    pub(in super::super) wait: Duration,
    pub(in super::super) header: WaitHeader,
}

impl Gate {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, total: Count::default(), classes: [Count::default(); Endpoints::ALL.len()] }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What is under way stays counted.
    pub(super) fn set(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Room in both counts or in neither.
    pub(super) fn admit(
        &mut self,
        class: Option<Endpoints>,
        now: Duration,
    ) -> Result<Permit, Full> {
        let header = self.limits.wait_header;
        let full = |wait| Full { wait, header };
        let total = self.total.checked(self.limits.total, now).map_err(full)?;
        if let Some((limit, count)) = Self::of(&self.limits, &mut self.classes, class) {
            *count = count.checked(limit, now).map_err(full)?;
        }
        self.total = total;
        Ok(Permit(class))
    }

    pub(super) fn release(&mut self, Permit(class): Permit) {
        self.total.under_way = self.total.under_way.saturating_sub(1);
        if let Some((_, count)) = Self::of(&self.limits, &mut self.classes, class) {
            count.under_way = count.under_way.saturating_sub(1);
        }
    }

    fn of<'a>(
        limits: &Limits,
        classes: &'a mut [Count],
        class: Option<Endpoints>,
    ) -> Option<(ClassLimit, &'a mut Count)> {
        let index = class?.index();
        Some((*limits.classes.get(index)?, classes.get_mut(index)?))
    }
}

impl From<Full> for Answer {
    fn from(full: Full) -> Self {
        let message =
            if full.wait.is_zero() { "too many requests at once" } else { "too many requests" };
        let body = json!({"type": "rate_limit_error", "message": message});
        let mut answer = Self::json(StatusCode::TOO_MANY_REQUESTS, &body);
        // Rounded up: who comes back in time is let in.
        let seconds = full.wait.as_millis().div_ceil(1_000);
        let millis = full.wait.as_micros().div_ceil(1_000);
        let header = match full.header {
            WaitHeader::None => None,
            WaitHeader::RetryAfter => Some((RETRY_AFTER, seconds)),
            WaitHeader::RetryAfterMs => Some((HeaderName::from_static("retry-after-ms"), millis)),
        };
        if let Some((name, wait)) = header.filter(|_| !full.wait.is_zero()) {
            let wait = u64::try_from(wait).unwrap_or(u64::MAX);
            answer.headers.insert(name, HeaderValue::from(wait));
        }
        answer
    }
}

impl Count {
    /// The count with one more, or how long that must wait.
    fn checked(mut self, limit: ClassLimit, now: Duration) -> Result<Self, Duration> {
        if limit.concurrency.is_some_and(|most| self.under_way >= most.get()) {
            return Err(Duration::ZERO);
        }
        self.under_way += 1;
        if let Some((num, duration)) = limit.rate {
            let pace = duration / num.get();
            let due = self.due.max(now).saturating_add(pace);
            let ahead = due.saturating_sub(now);
            if ahead > duration {
                return Err(ahead.saturating_sub(duration));
            }
            self.due = due;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU32, NonZeroUsize};

    use super::*;
    use crate::courier::Class;

    fn rate(num: u32) -> ClassLimit {
        ClassLimit {
            rate: NonZeroU32::new(num).map(|num| (num, Duration::from_secs(1))),
            concurrency: None,
        }
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_secs(1_000) + Duration::from_millis(millis)
    }

    #[test]
    fn a_full_second_comes_at_once_and_then_one_each_share_of_it() {
        let mut gate = Gate::new(Limits { total: rate(10), ..Limits::default() });
        for _ in 0..10 {
            assert!(gate.admit(None, millis(0)).is_ok());
        }
        let full = gate.admit(None, millis(0)).map_err(|full| full.wait);
        assert_eq!(full.err(), Some(Duration::from_millis(100)));
        assert!(gate.admit(None, millis(100)).is_ok());
        assert!(gate.admit(None, millis(199)).is_err());
    }

    #[test]
    fn a_class_has_its_own_limit_and_takes_nothing_from_others_when_it_is_full() {
        let mut limits = Limits { total: rate(3), ..Limits::default() };
        let of = |class| Some(Endpoints::Of(class));
        limits.classes[Endpoints::Of(Class::Inbound).index()] = rate(1);
        let mut gate = Gate::new(limits);
        assert!(gate.admit(of(Class::Inbound), millis(0)).is_ok());
        assert!(gate.admit(of(Class::Inbound), millis(0)).is_err());
        assert!(gate.admit(of(Class::Profiles), millis(0)).is_ok());
        assert!(gate.admit(None, millis(0)).is_ok());
        assert!(gate.admit(of(Class::Profiles), millis(0)).is_err());
    }

    #[test]
    fn so_many_are_under_way_until_they_are_released() {
        let total = ClassLimit { concurrency: NonZeroUsize::new(1), rate: None };
        let mut gate = Gate::new(Limits { total, ..Limits::default() });
        let permit = gate.admit(None, millis(0)).expect("there is room");
        assert_eq!(
            gate.admit(None, millis(0)).map_err(|full| full.wait).err(),
            Some(Duration::ZERO)
        );
        gate.release(permit);
        assert!(gate.admit(None, millis(0)).is_ok());
    }
}
