//! Courier's list answers, in its two shapes (`has_more`, `cursor`, `next_url`; and `paging`): which page is asked for,
//! and the page. Cursors are the hex of the last key, opaque to the caller as Courier's are.

use std::fmt::Write as _;

use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::call::Call;

/// Courier's documented page size when none is asked for, and its largest.
const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

/// The page a call asks for.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) limit: usize,
    /// The last key of the page before.
    pub(super) after: Option<String>,
}

impl Page {
    pub(super) fn of(call: &Call<'_>) -> Result<Self, Refusal> {
        let limit = match call.query("limit") {
            None | Some("") => DEFAULT_LIMIT,
            Some(limit) => {
                limit.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or_else(
                    || Refusal::bad_request(format!("'limit' must be from 1 to {MAX_LIMIT}")),
                )?
            }
        };
        Ok(Self { limit, after: Self::cursor(call)? })
    }

    /// The last key of the page before.
    pub(super) fn cursor(call: &Call<'_>) -> Result<Option<String>, Refusal> {
        match call.query("cursor") {
            None | Some("") => Ok(None),
            Some(cursor) => from_hex(cursor)
                .map(Some)
                .ok_or_else(|| Refusal::bad_request("'cursor' is not one of ours")),
        }
    }

    /// The answer, from the items after [`Page::after`] in the order of their keys.
    pub(super) fn answer(
        &self,
        call: &Call<'_>,
        items: impl Iterator<Item = (String, Value)>,
    ) -> Answer {
        let (values, cursor) = self.cut(items);
        let has_more = cursor.is_some();
        let mut body =
            json!({"items": values, "has_more": has_more, "url": call.path, "type": "list"});
        if let (Some(cursor), Value::Object(body)) = (cursor, &mut body) {
            let mut next = format!("{}?cursor={cursor}&limit={}", call.path, self.limit);
            for (name, value) in &call.query {
                if name != "cursor" && name != "limit" {
                    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
                    write!(next, "&{}={}", encode(name), encode(value))
                        .expect("a String takes every write");
                }
            }
            body.insert("cursor".to_owned(), Value::from(cursor));
            body.insert("next_url".to_owned(), Value::from(next));
        }
        Answer::json(StatusCode::OK, &body)
    }
}

impl Page {
    /// The answer of the older shape: `paging`, and the items under a name of their own.
    pub(super) fn paged(&self, name: &str, items: impl Iterator<Item = (String, Value)>) -> Answer {
        let (values, cursor) = self.cut(items);
        let mut paging = json!({"more": cursor.is_some()});
        if let (Some(cursor), Value::Object(paging)) = (cursor, &mut paging) {
            paging.insert("cursor".to_owned(), Value::from(cursor));
        }
        let mut body = json!({"paging": paging});
        if let Value::Object(body) = &mut body {
            body.insert(name.to_owned(), Value::from(values));
        }
        Answer::json(StatusCode::OK, &body)
    }

    /// The items of this page, and the cursor of the next if there is one.
    pub(super) fn cut(
        &self,
        items: impl Iterator<Item = (String, Value)>,
    ) -> (Vec<Value>, Option<String>) {
        // One more than asked for tells whether there is a next page.
        let mut items: Vec<(String, Value)> = items.take(self.limit + 1).collect();
        let has_more = items.len() > self.limit;
        items.truncate(self.limit);
        let cursor = items.last().filter(|_| has_more).map(|(key, _)| to_hex(key));
        (items.into_iter().map(|(_, value)| value).collect(), cursor)
    }
}

pub(super) fn to_hex(key: &str) -> String {
    key.bytes().fold(String::with_capacity(key.len() * 2), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a String takes every write");
        hex
    })
}

fn from_hex(hex: &str) -> Option<String> {
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let bytes =
        digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit));
    String::from_utf8(bytes.collect()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_to_the_key_it_was_made_of() {
        assert_eq!(from_hex(&to_hex("é/ %")).as_deref(), Some("é/ %"));
        for broken in ["abc", "zz", "ff"] {
            assert_eq!(from_hex(broken), None, "{broken}");
        }
    }
}
