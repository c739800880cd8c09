//! `[emulator.limits]`: how much a local Courier takes before it answers 429.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use super::Endpoints;
use crate::config::block::Block;

/// The limits of an emulator. By default there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of all requests together
    pub total: ClassLimit,
    /// `classes.CLASS`: of each class of endpoints, by [`Endpoints::index`]
    pub classes: [ClassLimit; Endpoints::ALL.len()],
    /// `wait_header`: how a 429 says how long to wait
    pub wait_header: WaitHeader,
}

/// The limits of all requests, or of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassLimit {
    /// `rate_limit_num` in each `rate_limit_duration_secs` (default 1), which also is how many may come at once
    pub rate: Option<(NonZeroU32, Duration)>,
    /// `concurrency`: how many may be under way at once. Without faults each takes no time, so it takes `latency` to matter.
    pub concurrency: Option<NonZeroUsize>,
}

/// How a 429 says how long to wait. Courier documents no header; its SDKs obey all of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitHeader {
    /// `none`: it does not
    None,
    /// `retry-after`: in whole seconds, rounded up
    #[default]
    RetryAfter,
    /// `retry-after-ms`: in milliseconds, rounded up
    RetryAfterMs,
}

/// | option | type | default | reason |
/// |---|---|---|---|
/// | `rate_limit_num` | integer | none | named as a sink's |
/// | `rate_limit_duration_secs` | number | 1 | |
/// | `concurrency` | integer | none | |
/// | `classes.CLASS` | a table of these three | none | beside the limits of all together |
/// | `wait_header` | `none`, `retry-after` or `retry-after-ms` | `retry-after` | |
pub(super) fn read(block: &mut Block<'_>) -> Limits {
    let total = class(block);
    let classes = block.table("classes", |block| {
        Endpoints::ALL.map(|it| block.take(it.as_str()).and_then(|item| item.table(class)))
    });
    let choices = [
        ("none", WaitHeader::None),
        ("retry-after", WaitHeader::RetryAfter),
        ("retry-after-ms", WaitHeader::RetryAfterMs),
    ];
    let wait_header = block.choice("wait_header", &choices);
    Limits { total, classes: classes.map(Option::unwrap_or_default), wait_header }
}

fn class(block: &mut Block<'_>) -> ClassLimit {
    let num = block.take("rate_limit_num");
    let duration = block.take("rate_limit_duration_secs");
    if let (None, Some(item)) = (&num, &duration) {
        item.refuse_with("does nothing without `rate_limit_num`", "set that too");
    }
    let num = num.and_then(|item| item.count::<NonZeroU32>(i64::from(u32::MAX)));
    let duration = duration.and_then(|item| item.seconds()).unwrap_or(Duration::from_secs(1));
    ClassLimit {
        rate: num.map(|num| (num, duration)),
        concurrency: block.take("concurrency").and_then(|item| item.count(65_535)),
    }
}
