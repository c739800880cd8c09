//! The errors of a source, as metrics of its own component.

use metrics::Counter;

use super::{Component, ErrorType, Stage};

/// Counts the errors of a source. Clones count the same.
#[derive(Clone, Debug)]
pub struct SourceErrors([Counter; ErrorType::OF_SOURCES.len()]);

impl Default for SourceErrors {
    fn default() -> Self {
        Self::new(&Component::default())
    }
}

impl SourceErrors {
    /// Those of `component`, each there from the start.
    pub fn new(component: &Component) -> Self {
        Self(ErrorType::OF_SOURCES.map(|kind| component.errors(kind, Stage::Receiving)))
    }

    /// One more of those that sources have.
    pub fn count(&self, kind: ErrorType) {
        let own = ErrorType::OF_SOURCES.iter().zip(&self.0).find(|(own, _)| **own == kind);
        debug_assert!(own.is_some(), "no error of sources: {kind:?}");
        if let Some((_, counter)) = own {
            counter.increment(1);
        }
    }
}
