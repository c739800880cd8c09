//! Who writes a request: by its key, or without keys by the way it came.

use http::Method;
use http::Uri;
use http::header::{AUTHORIZATION, FORWARDED, ORIGIN};
use http::request::Parts;
use percent_encoding::percent_decode_str;

use super::Shared;
use super::answer::Refusal;
use super::keys::Writer;
use crate::event::Trust;
use crate::runner::base64;

/// Where a route expects the write key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyIn {
    /// The user name of the `Authorization` header
    Header,
    /// `writeKey` in the query: what a beacon can send
    Query,
    /// Either
    Both,
}

/// The writer of a request, whose key is where its route expects it.
pub(super) fn writer(shared: &Shared, key_in: KeyIn, head: &Parts) -> Result<Writer, Refusal> {
    let (key, missing) = match key_in {
        KeyIn::Header => (key_in_header(head), Refusal::NoKeyInHeader),
        KeyIn::Query => (key_in_query(&head.uri), Refusal::NoKeyInQuery),
        KeyIn::Both => {
            (key_in_header(head).or_else(|| key_in_query(&head.uri)), Refusal::NoKeyInHeader)
        }
    };
    shared.keys.writer(key.as_deref(), missing, unkeyed(head))
}

/// How far whoever writes is trusted where there are no keys: a program on this machine could as well change the
/// configuration.
// Security: any page that a browser on this machine shows can send here too, and it cannot keep its origin to itself; nor
// is whoever a proxy passes on a user of this machine.
fn unkeyed(head: &Parts) -> Trust {
    // What a page shows an image by says nothing of whose page it is.
    let is_passed_on = head.method == Method::GET
        || head.headers.contains_key(ORIGIN)
        || head.headers.contains_key(FORWARDED)
        || head.headers.contains_key("x-forwarded-for");
    if is_passed_on { Trust::Untrusted } else { Trust::Trusted }
}

/// The user name of HTTP's basic scheme; the password is not looked at, as in RudderStack's gateway.
fn key_in_header(head: &Parts) -> Option<String> {
    let value = head.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(base64::decode(credentials.trim())?).ok()?;
    let (user, _) = text.split_once(':')?;
    Some(user.to_owned())
}

fn key_in_query(uri: &Uri) -> Option<String> {
    let mut members = uri.query()?.split('&').filter_map(|member| member.split_once('='));
    let (_, value) = members.find(|(name, _)| *name == "writeKey")?;
    percent_decode_str(value).decode_utf8().ok().map(String::from)
}
