//! No answer -> Failure: names what failed, from hyper's chain of causes.
//!
//! No cause tells a header, a proxy's credentials or the key; what it tells is cut to one short line, since a
//! certificate's names are the server's own words.

use std::error::Error;
use std::fmt::Write;
use std::io;

use hyper_util::client::legacy;

use super::excerpt::one_line;
use crate::delivery::{Failure, FailureKind};

/// Security: how much is told of a cause, in bytes.
const MAX_CAUSE_BYTES: usize = 512;

/// The failure for a request to `authority` that got no answer.
pub(super) fn no_answer(authority: &str, error: &legacy::Error) -> Failure {
    let what = if error.is_connect() {
        "cannot connect to"
    } else {
        "the connection failed before an answer came from"
    };
    // The outermost error says no more than that.
    told(what, authority, error.source())
}

/// The failure for an answer from `authority` that broke off.
pub(super) fn broken_answer(authority: &str, error: &hyper::Error) -> Failure {
    told("the connection failed within the answer from", authority, Some(error))
}

fn told(what: &str, authority: &str, cause: Option<&(dyn Error + 'static)>) -> Failure {
    let causes = causes(cause);
    let detail = if causes.is_empty() {
        format!("{what} {authority}")
    } else {
        format!("{what} {authority}: {}", one_line(&causes, MAX_CAUSE_BYTES))
    };
    Failure::without_answer(FailureKind::Network, detail)
}

/// The chain of errors from `next` down to its root, each once.
fn causes(mut next: Option<&(dyn Error + 'static)>) -> String {
    let mut all = String::new();
    while let Some(error) = next {
        let prefix = if is_tls(error) { "TLS: " } else { "" };
        let clause = format!("{prefix}{error}");
        if !all.ends_with(&clause) {
            let separator = if all.is_empty() { "" } else { ": " };
            write!(all, "{separator}{clause}").expect("writing to a String cannot fail");
        }
        next = error.source();
    }
    all
}

/// Whether `error` is rustls's, which comes wrapped in errors that show what they wrap as if it were themselves.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    error.is::<rustls::Error>()
        || error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .is_some_and(|inner| is_tls(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    #[test]
    fn the_whole_chain_is_told_once_on_one_line() {
        let refused = Outer(io::ErrorKind::ConnectionRefused.into());
        assert_eq!(causes(Some(&refused)), "outer: connection refused");
        let tls = Outer(io::Error::other(io::Error::other(rustls::Error::DecryptError)));
        assert_eq!(causes(Some(&tls)), "outer: TLS: cannot decrypt peer's message");
        let wrapped = Outer(io::Error::other(Outer(io::Error::other("a\nb"))));
        let failure = told("cannot connect to", "host", Some(&wrapped));
        assert_eq!(failure.to_string(), "network: cannot connect to host: outer: a b");
    }
}
