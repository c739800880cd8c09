//! How many attempts at once and how fast: `request.concurrency` and `request.rate_limit…`, also for single classes.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use toml_span::value::ValueInner;

use super::block::Block;
use super::item::Item;
use crate::courier::Class;
use crate::delivery::{
    AdaptiveConcurrency, AdaptiveRate, Concurrency, PerSecond, Rate, Ratio, Scale,
};

/// Security: the most attempts at once. More connections than this one address could not even open.
const MOST_CONCURRENT: i64 = 65_535;

/// `concurrency` and `[adaptive_concurrency]`, named as Vector's and with its defaults.
///
/// | option | type | default |
/// |---|---|---|
/// | `concurrency` | `adaptive`, integer, or `none` (= 1) | `adaptive` |
/// | `adaptive_concurrency.initial_concurrency` | integer | 1 |
/// | `adaptive_concurrency.max_concurrency_limit` | integer | 200 |
/// | `adaptive_concurrency.decrease_ratio` | number between 0 and 1 | 0.9 |
/// | `adaptive_concurrency.ewma_alpha` | number between 0 and 1 | 0.4 |
/// | `adaptive_concurrency.rtt_deviation_scale` | number, from 0 | 2.5 |
pub(super) fn concurrency(block: &mut Block<'_>) -> Concurrency {
    let fixed = block.take("concurrency").and_then(|item| fixed(&item));
    let adaptive = block.take("adaptive_concurrency");
    if let (Some(Concurrency::Fixed(_)), Some(item)) = (fixed, &adaptive) {
        item.refuse_with("does nothing with a fixed `concurrency`", "remove one of the two");
        return Concurrency::default();
    }
    let adaptive = adaptive.and_then(|item| item.table(adaptive_concurrency));
    fixed.unwrap_or(Concurrency::Adaptive(adaptive.unwrap_or_default()))
}

fn fixed(item: &Item<'_>) -> Option<Concurrency> {
    if matches!(item.value, ValueInner::Integer(_)) {
        return item.count(MOST_CONCURRENT).map(Concurrency::Fixed);
    }
    match item.value.as_str() {
        Some("none") => Some(Concurrency::Fixed(NonZeroUsize::MIN)),
        Some("adaptive") => None,
        Some(_) | None => {
            let expected =
                format!("`adaptive`, an integer between 1 and {MOST_CONCURRENT}, or `none`");
            item.unexpected(&expected);
            None
        }
    }
}

fn adaptive_concurrency(block: &mut Block<'_>) -> AdaptiveConcurrency {
    let default = AdaptiveConcurrency::default();
    let initial = block.take("initial_concurrency");
    let max = block.count("max_concurrency_limit", MOST_CONCURRENT, default.max_concurrency_limit);
    let initial = initial.and_then(|item| item.count(max.get().try_into().unwrap_or(i64::MAX)));
    let between = "a number between 0 and 1";
    AdaptiveConcurrency {
        initial_concurrency: initial.unwrap_or(default.initial_concurrency),
        max_concurrency_limit: max,
        decrease_ratio: number(block, "decrease_ratio", between, Ratio::new)
            .unwrap_or(default.decrease_ratio),
        ewma_alpha: number(block, "ewma_alpha", between, Ratio::new).unwrap_or(default.ewma_alpha),
        rtt_deviation_scale: number(block, "rtt_deviation_scale", "a number from 0 up", Scale::new)
            .unwrap_or(default.rtt_deviation_scale),
    }
}

/// `rate_limit = "adaptive"` and `[adaptive_rate]`: each class finds its own limit.
///
/// | option | type | default |
/// |---|---|---|
/// | `rate_limit` | `adaptive` | off |
/// | `adaptive_rate.initial_per_second` | number | 10 |
/// | `adaptive_rate.floor_per_second` | number | 0.1 |
/// | `adaptive_rate.ceiling_per_second` | number | 10 000 |
pub(super) fn adaptive_rate(block: &mut Block<'_>) -> Option<AdaptiveRate> {
    let mode = block.take("rate_limit");
    let is_adaptive = mode.and_then(|item| item.choice(&[("adaptive", ())])).is_some();
    let table = block.take("adaptive_rate");
    if let (false, Some(item)) = (is_adaptive, &table) {
        item.refuse_with("does nothing by itself", "set `rate_limit = \"adaptive\"` too");
    }
    let rate = table.and_then(|item| item.table(adaptive_rate_table)).unwrap_or_default();
    is_adaptive.then_some(rate)
}

fn adaptive_rate_table(block: &mut Block<'_>) -> AdaptiveRate {
    let default = AdaptiveRate::default();
    let mut rate = |name, default| {
        number(block, name, "a number of attempts per second, from one a day up", PerSecond::new)
            .unwrap_or(default)
    };
    let read = AdaptiveRate {
        initial: rate("initial_per_second", default.initial),
        floor: rate("floor_per_second", default.floor),
        ceiling: rate("ceiling_per_second", default.ceiling),
    };
    if read.floor.get() > read.ceiling.get() {
        block.refuse("`floor_per_second` must not be more than `ceiling_per_second`", "");
    }
    read
}

/// `[classes.CLASS]`: the pace of one class, below that of all together.
pub(super) fn classes(block: &mut Block<'_>) -> [Option<Rate>; Class::ALL.len()] {
    block.table("classes", |block| {
        Class::ALL
            .map(|class| block.take(class.as_str()).and_then(|item| item.table(rate)).flatten())
    })
}

/// `rate_limit_num`, `rate_limit_duration_secs` and `rate_limit_burst`.
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `rate_limit_num` | integer | none | as Vector, which has a number beyond reach |
/// | `rate_limit_duration_secs` | number | 1 | as Vector |
/// | `rate_limit_burst` | integer, at most `rate_limit_num` | a twentieth of it | an even pace, without a burst after each pause |
pub(super) fn rate(block: &mut Block<'_>) -> Option<Rate> {
    let limit = block.take("rate_limit_num");
    let duration = block.take("rate_limit_duration_secs");
    let burst = block.take("rate_limit_burst");
    let Some(limit) = limit else {
        for item in [duration, burst].into_iter().flatten() {
            item.refuse_with("does nothing without `rate_limit_num`", "set that too");
        }
        return None;
    };
    let limit: Option<NonZeroU32> = limit.count(u32::MAX.into());
    let per = duration.map_or(Some(Duration::from_secs(1)), |item| item.seconds());
    let most = limit.unwrap_or(NonZeroU32::MAX).get().into();
    let burst = burst.map(|item| item.count(most));
    let rate = Rate::new(limit?, per?);
    Some(match burst {
        Some(burst) => Rate { burst: burst?, ..rate },
        None => rate,
    })
}

fn number<T>(
    block: &mut Block<'_>,
    name: &'static str,
    expected: &str,
    check: impl Fn(f64) -> Option<T>,
) -> Option<T> {
    let item = block.take(name)?;
    let number = match &item.value {
        ValueInner::Float(number) => Some(*number),
        ValueInner::Integer(number) => i32::try_from(*number).ok().map(f64::from),
        ValueInner::String(_)
        | ValueInner::Boolean(_)
        | ValueInner::Array(_)
        | ValueInner::Table(_) => None,
    };
    let checked = number.and_then(check);
    if checked.is_none() {
        item.unexpected(expected);
    }
    checked
}
