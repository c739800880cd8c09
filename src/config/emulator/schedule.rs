//! Which requests a fault of a local Courier hits, or its latency: how often, when, and of which classes.

use std::time::Duration;

use toml_span::value::ValueInner;

use super::{Endpoints, seed};
use crate::config::block::Block;
use crate::config::item::Item;

/// Which requests are hit.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// `probability` of each while it is time. Default 1.
    pub probability: f64,
    /// `from_secs`, since the emulator started or the faults were changed. Default 0.
    pub from: Duration,
    /// `until_secs`, likewise. Default never.
    pub until: Option<Duration>,
    /// `every_secs` and `for_secs`: from then on, for so long in each such time. Default always.
    pub every: Option<(Duration, Duration)>,
    /// `classes` of endpoints: a request of another, or of none, is not hit, but counted like any. Default all requests.
    pub classes: Option<Vec<Endpoints>>,
    /// `seed`: to draw independently of the others. Default what `faults.seed` makes of the kind.
    pub seed: Option<u64>,
}

/// The options that `latency` and every kind of fault have in common.
pub(super) fn schedule(block: &mut Block<'_>) -> Schedule {
    let probability = block.take("probability").and_then(|item| probability(&item));
    let from = block.take("from_secs").and_then(|item| item.seconds()).unwrap_or_default();
    let until_item = block.take("until_secs");
    let until = until_item.as_ref().and_then(Item::seconds);
    if let (Some(item), Some(_)) = (&until_item, until.filter(|until| *until <= from)) {
        item.refuse("must be more than `from_secs`");
    }
    let every = (block.take("every_secs"), block.take("for_secs"));
    let every = match &every {
        (Some(every), Some(length)) => every.seconds().zip(length.seconds()).filter(|(all, it)| {
            let fits = it <= all;
            if !fits {
                length.refuse("must not be more than `every_secs`");
            }
            fits
        }),
        (Some(item), None) => {
            item.refuse_with("does nothing without `for_secs`", "set that too");
            None
        }
        (None, Some(item)) => {
            item.refuse_with("does nothing without `every_secs`", "set that too");
            None
        }
        (None, None) => None,
    };
    let classes = block.take("classes").and_then(classes);
    let seed = seed(block);
    Schedule { probability: probability.unwrap_or(1.0), from, until, every, classes, seed }
}

fn classes(item: Item<'_>) -> Option<Vec<Endpoints>> {
    if item.value.as_array().is_some_and(Vec::is_empty) {
        item.refuse("must not be empty");
        return None;
    }
    let mut classes = Vec::new();
    for item in item.elements()? {
        match item.choice(&Endpoints::ALL.map(|class| (class.as_str(), class))) {
            Some(class) if classes.contains(&class) => item.refuse("is there twice"),
            class => classes.extend(class),
        }
    }
    Some(classes)
}

fn probability(item: &Item<'_>) -> Option<f64> {
    let number = match item.value {
        ValueInner::Float(number) => Some(number),
        ValueInner::Integer(0) => Some(0.0),
        ValueInner::Integer(1) => Some(1.0),
        ValueInner::Integer(_)
        | ValueInner::String(_)
        | ValueInner::Boolean(_)
        | ValueInner::Array(_)
        | ValueInner::Table(_) => None,
    };
    let number = number.filter(|number| (0.0..=1.0).contains(number));
    if number.is_none() {
        item.unexpected("a number from 0 to 1");
    }
    number
}
