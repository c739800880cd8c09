//! The flow of a sink: `ingest`, `batch` and `request`, named as Vector's where Vector has them.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use super::block::Block;
use super::item::Item;
use super::pace;
use crate::delivery::{Jitter, Retry, RetryStrategy};
use crate::{batch, delivery, ingest};

/// What `ingest.max_depth` may be at most.
const DEEPEST: i64 = 120;
const _: () = assert!(ingest::Limits::DEEPEST == 120, "the two are one limit");

/// `[ingest]`
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `max_event_bytes` | integer | 1 048 576 | Courier's own bodies end at 6 MB; events are a few KiB |
/// | `max_depth` | integer, at most 120 | 64 | deeper than any event; bounds the parser's stack |
pub(super) fn ingest(block: &mut Block<'_>) -> ingest::Limits {
    let default = ingest::Limits::default();
    let mut limit = |name, most, default| {
        let item = block.take(name);
        let limit = item.and_then(|item| item.count::<NonZeroUsize>(most));
        limit.map_or(default, NonZeroUsize::get)
    };
    ingest::Limits {
        max_event_bytes: limit("max_event_bytes", i64::MAX, default.max_event_bytes),
        max_depth: limit("max_depth", DEEPEST, default.max_depth),
    }
}

/// `[batch]`
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `max_events` | integer | none | as Vector's `http` sink |
/// | `max_bytes` | integer | 10 000 000 | as Vector's `http` sink |
/// | `timeout_secs` | number | 0.1 | Vector waits 1 s; notifications are urgent |
pub(super) fn batch(block: &mut Block<'_>) -> batch::Limits {
    let default = batch::Limits::default();
    batch::Limits {
        max_events: block.take("max_events").and_then(|item| item.count(i64::MAX)),
        max_bytes: block.count("max_bytes", i64::MAX, default.max_bytes),
        timeout: block.seconds("timeout_secs", default.timeout),
    }
}

/// `[request]`; `connect_timeout_secs` is the transport's and read by `network`.
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `concurrency`, `rate_limit…`, `classes` | | | see `pace` |
/// | `timeout_secs` | number | 60 | as Vector; one attempt |
/// | `retry_attempts` | integer, from 0 | no limit | as Vector: transient failures lose nothing |
/// | `retry_initial_backoff_secs` | number | 1 | as Vector |
/// | `retry_max_duration_secs` | number | 30 | as Vector: the longest single wait |
/// | `retry_jitter_mode` | `Full` or `None` | `Full` | as Vector |
/// | `retry_strategy.type` | `default`, `none`, `all` or `custom` | `default` | as Vector; what Courier means by its answers |
/// | `retry_strategy.status_codes` | integers, for `custom` | | as Vector; without 401 and 403, which hold |
/// | `retry_after_max_secs` | number | 3600 | how long a wait is believed that the server asks for |
/// | `hold_probe_secs` | number | 10 | how often a refused key is tried again |
pub(super) fn request(block: &mut Block<'_>) -> delivery::Settings {
    let default = delivery::Settings::default();
    delivery::Settings {
        concurrency: pace::concurrency(block),
        rate: pace::rate(block),
        class_rates: pace::classes(block),
        adaptive_rate: pace::adaptive_rate(block),
        timeout: block.seconds("timeout_secs", default.timeout),
        retry: retry(block),
        retry_after_max: block.seconds("retry_after_max_secs", default.retry_after_max),
        hold_probe: block.seconds("hold_probe_secs", default.hold_probe),
    }
}

fn retry(block: &mut Block<'_>) -> Retry {
    let default = Retry::default();
    let initial = block.take("retry_initial_backoff_secs");
    let most = block.take("retry_max_duration_secs");
    let or = |item: &Option<Item<'_>>, default| match item {
        Some(item) => item.seconds(),
        None => Some(default),
    };
    let initial_backoff = or(&initial, default.initial_backoff);
    let max_backoff = or(&most, default.max_backoff);
    if let (Some(initial_backoff), Some(max_backoff)) = (initial_backoff, max_backoff)
        && initial_backoff > max_backoff
        && let Some(item) = most.or(initial)
    {
        item.refuse(format!(
            "`retry_initial_backoff_secs` ({}) must not be more than `retry_max_duration_secs` ({})",
            initial_backoff.as_secs_f64(),
            max_backoff.as_secs_f64()
        ));
    }
    Retry {
        strategy: block
            .take("retry_strategy")
            .and_then(|item| item.table(strategy))
            .flatten()
            .unwrap_or_default(),
        attempts: block
            .take("retry_attempts")
            .and_then(|item| item.number(0, i64::MAX))
            // Where the machine counts less far, its furthest is as good as no limit.
            .map_or(default.attempts, |it| usize::try_from(it).unwrap_or(usize::MAX)),
        initial_backoff: initial_backoff.unwrap_or(default.initial_backoff),
        max_backoff: max_backoff.unwrap_or(default.max_backoff),
        jitter: block.choice(
            "retry_jitter_mode",
            &[
                ("Full", Jitter::Full),
                ("None", Jitter::None),
                ("full", Jitter::Full),
                ("none", Jitter::None),
            ],
        ),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum StrategyName {
    Default,
    None,
    All,
    Custom,
}

fn strategy(block: &mut Block<'_>) -> Option<RetryStrategy> {
    let name = block.required("type", "set it to `default`, `none`, `all` or `custom`");
    let name = name.and_then(|item| {
        item.choice(&[
            ("default", StrategyName::Default),
            ("none", StrategyName::None),
            ("all", StrategyName::All),
            ("custom", StrategyName::Custom),
        ])
    });
    let statuses = block.take("status_codes");
    match (name?, statuses) {
        (StrategyName::Custom, None) => {
            block.missing("status_codes", "list the statuses that are to be repeated");
            None
        }
        (StrategyName::Custom, Some(item)) => Some(RetryStrategy::Custom(statuses_of(item)?)),
        (name, statuses) => {
            if let Some(item) = statuses {
                item.refuse_with("does nothing unless `type` is `custom`", "remove it");
            }
            Some(match name {
                StrategyName::None => RetryStrategy::None,
                StrategyName::All => RetryStrategy::All,
                StrategyName::Default | StrategyName::Custom => RetryStrategy::Default,
            })
        }
    }
}

fn statuses_of(item: Item<'_>) -> Option<BTreeSet<u16>> {
    let mut statuses = BTreeSet::new();
    for item in item.elements()? {
        match item.number(300, 599).and_then(|number| u16::try_from(number).ok()) {
            Some(401 | 403) => {
                item.refuse_with(
                    "holds the sink until it is let, and is never given up",
                    "remove it",
                );
            }
            Some(status) if !statuses.insert(status) => item.refuse("is there twice"),
            Some(_) | None => {}
        }
    }
    Some(statuses)
}
