//! Bounded memory: every store of the emulator has a limit on entries and on bytes, and forgets its
//! oldest entry first. Knows nothing of what it keeps.

mod blocks;
mod recent;
mod seen;
mod table;

pub(super) use recent::Recent;
pub(super) use seen::Seen;
pub(super) use table::Table;

use serde_json::{Map, Value};

/// How much one store may keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) entries: usize,
    pub(super) bytes: usize,
}

/// What one entry costs beside its own bytes: map nodes, allocator rounding. Measured nowhere
/// exactly; on the large side so that many small entries cannot pass the byte limit unseen.
pub(super) const ENTRY_OVERHEAD: usize = 128;

/// What one JSON value costs beside its text, for the same reason.
const VALUE_OVERHEAD: usize = 32;

/// About how many bytes an object takes in memory.
pub(super) fn weight(object: &Map<String, Value>) -> usize {
    object.iter().map(|(name, value)| VALUE_OVERHEAD + name.len() + value_weight(value)).sum()
}

/// About how many bytes a value takes in memory.
pub(super) fn value_weight(value: &Value) -> usize {
    VALUE_OVERHEAD
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(value_weight).sum(),
            Value::Object(object) => weight(object),
        }
}
