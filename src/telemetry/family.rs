//! Counters of one metric whose label values are not all known beforehand: made when they are first needed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use metrics::Counter;

use super::component::Component;
use super::metric::Metric;

/// The counters of one metric by a key. Security: `K` must have few values, such as a status code.
pub(super) struct Family<K> {
    component: Component,
    metric: Metric,
    counters: Mutex<BTreeMap<K, Counter>>,
}

impl<K: Ord + Copy> Family<K> {
    pub(super) fn new(component: &Component, metric: Metric) -> Self {
        Self { component: component.clone(), metric, counters: Mutex::default() }
    }

    /// One more of `key`, whose labels are `labels`.
    pub(super) fn count(&self, key: K, labels: impl FnOnce(K) -> Vec<(&'static str, String)>) {
        if !self.component.is_counted() {
            return;
        }
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = counters
            .entry(key)
            .or_insert_with(|| self.component.counter(self.metric, &labels(key)));
        counter.increment(1);
    }
}

impl<K> std::fmt::Debug for Family<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Family").field(&self.metric.name).finish()
    }
}
