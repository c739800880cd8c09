//! The environment: read here and nowhere else, and passed on as a function.

/// The value of a variable, if it is set and text.
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
