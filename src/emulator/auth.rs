//! Who may call: a bearer key. Its value is compared here and goes nowhere else.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};

use super::answer::Refusal;

/// Refuses a request without a key or with another than the one expected.
pub(super) fn authorize(
    headers: &HeaderMap,
    expected: Option<&SecretString>,
) -> Result<(), Refusal> {
    let Some(given) = bearer(headers) else {
        return Err(Refusal::unauthorized("an Authorization header with a bearer key is required"));
    };
    match expected {
        Some(expected) if expected.expose_secret() != given => {
            Err(Refusal::unauthorized("the API key is not valid"))
        }
        Some(_) | None => Ok(()),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}
