//! Whatever the server answers, it never sees more at once, nor more in any window, than was agreed.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;
use tower::ServiceExt;

use super::*;
use crate::courier::{Action, Generation};
use crate::delivery::testing::{request, seconds, seed, settings, shared, throttled, unavailable};
use crate::delivery::{Concurrency, Rate, Settings, Work};

const RUN: Duration = seconds(40);

/// What one server saw.
#[derive(Debug, Default)]
struct Seen {
    at: Vec<Duration>,
    under_way: usize,
    most: usize,
}

/// Counts itself out, also when it is dropped.
struct UnderWay(Arc<Mutex<Seen>>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.lock().unwrap().under_way -= 1;
    }
}

/// Sends `load` of each class at a server that answers nothing but 429 and 500, drawn from `seed`, for a while.
async fn run(settings: Settings, load: usize, seed_of_answers: u64) -> Seen {
    let start = Instant::now();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let answers = Arc::new(Mutex::new(fastrand::Rng::with_seed(seed_of_answers)));
    let counted = Arc::clone(&seen);
    let server = tower::service_fn(move |_: Call| {
        let mut now = counted.lock().unwrap();
        now.at.push(start.elapsed());
        now.under_way += 1;
        now.most = now.most.max(now.under_way);
        let under_way = UnderWay(Arc::clone(&counted));
        let answers = Arc::clone(&answers);
        async move {
            let (latency, kind) = {
                let mut answers = answers.lock().unwrap();
                (answers.u64(0..700), answers.u8(0..10))
            };
            tokio::time::sleep(Duration::from_millis(latency)).await;
            drop(under_way);
            match kind {
                0 => Err(throttled(None)),
                1 => Err(throttled(Some(2))),
                _ => Err::<Receipt, _>(unavailable()),
            }
        }
    });
    let shared = shared(settings);
    let deliveries = Class::ALL.into_iter().flat_map(|class| {
        let work = Work {
            action: Action::Request(request(class)),
            seed: seed(),
            generation: Generation::default(),
            key_expires: None,
            expiry: None,
            trail: None,
        };
        let stack = stack(class, &shared, server.clone());
        std::iter::repeat_with(move || stack.clone().oneshot(work.clone())).take(load)
    });
    let all = futures::future::join_all(deliveries);
    assert!(tokio::time::timeout(RUN, all).await.is_err(), "nothing ever ends");
    std::mem::take(&mut *seen.lock().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_window_and_no_moment_sees_more_than_was_agreed(
        limit in 1u32..12, burst in 1u32..6, concurrency in 1usize..8, load in 1usize..6,
        seed in any::<u64>(),
    ) {
        let agreed = Settings {
            concurrency: Concurrency::Fixed(NonZeroUsize::new(concurrency).unwrap()),
            rate: Some(Rate {
                limit: NonZeroU32::new(limit).unwrap(),
                per: seconds(1),
                burst: NonZeroU32::new(burst).unwrap(),
            }),
            ..settings()
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let seen = runtime.block_on(run(agreed, load, seed));
        prop_assert!(seen.most <= concurrency, "{} at once", seen.most);
        prop_assert!(seen.at.len() > load, "it goes on trying");
        for (first, start) in seen.at.iter().enumerate() {
            let within = seen.at[first..].iter().take_while(|at| **at < *start + seconds(1));
            prop_assert!(within.count() <= usize::try_from(limit + burst).unwrap());
        }
    }
}
