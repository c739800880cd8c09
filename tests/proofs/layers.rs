//! Where limits stand makes the difference: outside the retry they bound requests, inside it attempts.

use std::time::Duration;

use super::document::check;
use super::stacks::{Limits, Order, send};

const SECOND: Duration = Duration::from_secs(1);

/// The table of the README.
#[derive(Debug)]
struct Measured {
    /// The most attempts within a second, for limits outside and inside
    busiest: [usize; 2],
    /// When the last of those that were never refused was done
    others: [Duration; 2],
}

async fn measure() -> Measured {
    let busiest = [busiest(Order::LimitsOutside).await, busiest(Order::LimitsInside).await];
    let others = [others(Order::LimitsOutside).await, others(Order::LimitsInside).await];
    Measured { busiest, others }
}

impl Measured {
    fn lines(&self) -> Vec<String> {
        let Self { busiest: [many, few], others: [late, soon] } = self;
        let [late, soon] = [late, soon].map(|time| format!("{:.1} s", time.as_secs_f64()));
        vec![
            format!(
                "| limit of 2 a second; Courier is down, and one event is tried 20 times, 10 ms apart: the most attempts in a second | {many} | {few} |"
            ),
            format!(
                "| 2 permits; two of twelve events are to be repeated in 60 s, answers take 0.1 s: the ten others are done after | {late} | {soon} |"
            ),
        ]
    }
}

async fn busiest(order: Order) -> usize {
    let limits = Limits { rate: 2, permits: 1, attempts: 20, backoff: Duration::from_millis(10) };
    let seen = send(order, limits, 1, Duration::ZERO, |_| usize::MAX).await;
    assert_eq!(seen.began.len(), limits.attempts, "{order:?} makes all attempts");
    let within =
        |from: Duration| seen.began.iter().filter(|at| (from..from + SECOND).contains(*at)).count();
    seen.began.iter().map(|from| within(*from)).max().unwrap()
}

async fn others(order: Order) -> Duration {
    let limits = Limits { rate: 1_000, permits: 2, attempts: 20, backoff: Duration::from_secs(60) };
    let latency = Duration::from_millis(100);
    let seen = send(order, limits, 12, latency, |user| usize::from(user < 2)).await;
    assert_eq!(seen.ended.len(), 12, "{order:?} ends them all");
    let others = seen.ended.iter().filter(|(user, _)| *user >= 2);
    others.map(|(_, at)| *at).max().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_outside_the_retry_lets_every_repetition_pass() {
    let Measured { busiest: [outside, inside], .. } = measure().await;
    assert_eq!(outside, 20, "all of them at once");
    assert!(inside <= 3, "the limit of 2 and a burst of 1, were {inside}");
}

#[tokio::test(start_paused = true)]
async fn a_permit_held_while_waiting_to_retry_starves_everybody_else() {
    let Measured { others: [outside, inside], .. } = measure().await;
    assert!(outside > Duration::from_secs(60), "they wait the waits out: {outside:?}");
    assert!(inside < SECOND, "they do not: {inside:?}");
}

#[tokio::test(start_paused = true)]
async fn the_readme_says_what_is_measured() {
    check("layers", &measure().await.lines());
}
