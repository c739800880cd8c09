//! Events at an even pace, for so long.

use std::fmt;
use std::time::Duration;

use futures::stream::{self, Stream};
use tokio::time::{Instant, sleep_until};

use super::people::People;
use crate::clock::Clock;
use crate::sink::Record;

/// The fastest there is: more than any emulator answers.
const MAX_RATE: f64 = 100_000.0;
const MAX_SECS: f64 = 365.0 * 24.0 * 3600.0;

/// How fast, and how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Events a second
    rate: f64,
    interval: Duration,
    /// Without an end where absent
    duration: Option<Duration>,
}

impl Pace {
    /// So many events a second for so many seconds; none where that makes no sense.
    pub(super) fn new(rate: f64, duration_secs: Option<f64>) -> Option<Self> {
        let is_sound = rate > 0.0 && rate <= MAX_RATE;
        let interval = is_sound.then(|| Duration::from_secs_f64(1.0 / rate))?;
        let duration = match duration_secs {
            Some(secs) if (0.0..=MAX_SECS).contains(&secs) => Some(Duration::from_secs_f64(secs)),
            Some(_) => return None,
            None => None,
        };
        Some(Self { rate, interval, duration })
    }

    /// The records of `people`. Who asks late gets what is due at once, so that the pace is kept on the whole.
    pub(super) fn records(self, people: People, clock: Clock) -> impl Stream<Item = Record> + Send {
        let start = Instant::now();
        Box::pin(stream::unfold((people, start), move |(mut people, due)| {
            let clock = clock.clone();
            async move {
                if self.duration.is_some_and(|duration| due.duration_since(start) >= duration) {
                    return None;
                }
                // Correctness: the timer wakes us; dropped here, the event was not made yet.
                sleep_until(due).await;
                let (event, chance) = people.next(clock.now());
                Some((Record::new(event, chance), (people, due + self.interval)))
            }
        }))
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.rate.to_string();
        let events = if rate == "1" { "event" } else { "events" };
        match self.duration {
            Some(duration) => {
                write!(f, "{rate} {events} a second for {} s", duration.as_secs_f64())
            }
            None => write!(f, "{rate} {events} a second until Ctrl-C"),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn so_many_come_in_so_long_at_an_even_pace() {
        let pace = Pace::new(10.0, Some(3.0)).unwrap();
        let start = Instant::now();
        let mut records = pace.records(People::new(3, 7), Clock::from_fn(|| Duration::ZERO));
        let mut times = Vec::new();
        while records.next().await.is_some() {
            times.push(start.elapsed().as_millis());
        }
        assert_eq!(times.len(), 30);
        assert_eq!(times.first(), Some(&0));
        assert_eq!(times.last(), Some(&2_900));
    }

    #[test]
    fn a_pace_is_told_in_words() {
        let told = |rate, secs| Pace::new(rate, secs).map(|pace| pace.to_string()).unwrap();
        assert_eq!(told(1.0, Some(2.0)), "1 event a second for 2 s");
        assert_eq!(told(0.5, None), "0.5 events a second until Ctrl-C");
    }

    #[test]
    fn a_pace_that_makes_no_sense_is_none() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            assert!(Pace::new(rate, None).is_none(), "{rate}");
        }
        assert!(Pace::new(1.0, Some(-1.0)).is_none() && Pace::new(1.0, Some(f64::NAN)).is_none());
    }
}
