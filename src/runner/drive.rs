//! Until when a sink runs: its input's end, a signal, or a hold that outlasts both.
//!
//! It knows neither sources nor sinks: a future that runs, and what may end it early.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::InputEnd;

/// What may end a run.
pub(super) struct Limits {
    /// Signals; without any it is never asked to stop
    pub(super) signals: BoxStream<'static, ()>,
    /// To be cancelled so that the sources stop
    pub(super) stop: CancellationToken,
    /// Cancelled once the input has ended
    pub(super) input_ended: CancellationToken,
    /// How many sinks are neither held nor done; without one, nothing gets anywhere
    pub(super) active: watch::Receiver<usize>,
    /// How long draining, and a hold after the input's end, may take
    pub(super) timeout: Duration,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// Whether its input was read to the end
    pub(super) input: InputEnd,
    /// Until when whatever else has to end may take; `None` where nobody asked to stop
    pub(super) deadline: Option<Instant>,
}

/// Runs `run` until it is done or must not go on, which drops it.
// Correctness: every branch only looks; what is lost by the branches that lose is asked for again in the next round.
pub(super) async fn drive(run: impl Future<Output = ()>, limits: Limits) -> Ended {
    let Limits { mut signals, stop, input_ended, mut active, timeout } = limits;
    let mut run = pin!(run);
    let mut drained_by: Option<Instant> = None;
    let mut held_until: Option<Instant> = None;
    let mut input = InputEnd::Complete;
    let (mut has_signals, mut has_sinks, mut has_input) = (true, true, true);
    loop {
        held_until = match (has_input, *active.borrow_and_update() == 0) {
            (false, true) => held_until.or_else(|| Some(Instant::now() + timeout)),
            _ => None,
        };
        let deadline = [drained_by, held_until].into_iter().flatten().min();
        tokio::select! {
            biased;
            () = run.as_mut() => {
                return Ended { input, deadline: drained_by };
            }
            signal = signals.next(), if has_signals => match (signal, drained_by) {
                (None, _) => has_signals = false,
                (Some(()), None) => {
                    tracing::info!(
                        shutdown_timeout_secs = timeout.as_secs_f64(),
                        "asked to stop: reading ends, and what is under way may finish; a second signal ends it at once"
                    );
                    if !input_ended.is_cancelled() {
                        input = InputEnd::Stopped;
                    }
                    stop.cancel();
                    drained_by = Some(Instant::now() + timeout);
                }
                (Some(()), Some(_)) => {
                    tracing::warn!("asked to stop again: what is under way goes back to its source");
                    return Ended { input, deadline: Some(Instant::now()) };
                }
            },
            () = input_ended.cancelled(), if has_input => has_input = false,
            changed = active.changed(), if has_sinks => has_sinks = changed.is_ok(),
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                match drained_by {
                    Some(_) => tracing::warn!("what is under way takes too long: it goes back to its source"),
                    None => tracing::error!(
                        "Courier still refuses the API key: what is left goes back to its source"
                    ),
                }
                return Ended { input, deadline: drained_by };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures::stream;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(60);

    fn limits(signals: BoxStream<'static, ()>) -> (Limits, watch::Sender<usize>) {
        let (sender, active) = watch::channel(1);
        let limits = Limits {
            signals,
            stop: CancellationToken::new(),
            input_ended: CancellationToken::new(),
            active,
            timeout: TIMEOUT,
        };
        (limits, sender)
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_the_input_waits_for_as_long_as_it_takes() {
        let (limits, _active) = limits(stream::pending().boxed());
        limits.input_ended.cancel();
        let run = tokio::time::sleep(1000 * TIMEOUT);
        assert_eq!(drive(run, limits).await.input, InputEnd::Complete);
    }

    #[tokio::test(start_paused = true)]
    async fn one_signal_drains_for_so_long_and_two_do_not_wait() {
        let start = Instant::now();
        let (first, _active) = limits(stream::iter([()]).boxed());
        let stop = first.stop.clone();
        assert_eq!(drive(pending(), first).await.input, InputEnd::Stopped);
        assert_eq!(start.elapsed(), TIMEOUT);
        assert!(stop.is_cancelled());
        let (second, _active) = limits(stream::iter([(), ()]).boxed());
        assert_eq!(drive(pending(), second).await.deadline, Some(Instant::now()));
        assert_eq!(start.elapsed(), TIMEOUT);
        let (drained, _active) = limits(stream::iter([()]).boxed());
        let stopped = drained.stop.clone();
        let run = async move { stopped.cancelled().await };
        assert_eq!(drive(run, drained).await.deadline, Some(start + 2 * TIMEOUT));
        assert_eq!(start.elapsed(), TIMEOUT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_may_outlast_the_input_by_so_long() {
        let start = Instant::now();
        let (limits, active) = limits(stream::empty().boxed());
        let ended = limits.input_ended.clone();
        let world = async {
            active.send(0).unwrap();
            tokio::time::sleep(10 * TIMEOUT).await;
            ended.cancel();
            tokio::time::sleep(TIMEOUT / 2).await;
            // A key that works for a moment starts the wait anew.
            active.send(1).unwrap();
            tokio::time::sleep(TIMEOUT / 2).await;
            active.send(0).unwrap();
            pending::<()>().await;
        };
        tokio::select! {
            end = drive(pending(), limits) => assert_eq!(end.input, InputEnd::Complete),
            () = world => {}
        }
        assert_eq!(start.elapsed(), 12 * TIMEOUT);
    }

    #[tokio::test]
    async fn a_run_that_is_done_is_complete() {
        let (limits, _active) = limits(stream::empty().boxed());
        assert_eq!(drive(ready(()), limits).await.input, InputEnd::Complete);
    }
}
