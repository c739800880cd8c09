//! A payload for people: indented and coloured where it is JSON, as text where it is not. Members keep their order and
//! their spelling.

use std::borrow::Cow;

use maud::{Markup, html};
use serde_json::value::RawValue;

/// Security: the most of a payload that is shown; a browser has to lay it out.
const MAX_BYTES: usize = 64 * 1024;

/// Security: nothing is indented deeper, or nested brackets would take their number squared.
const MAX_INDENTS: usize = 32;

/// A piece of JSON text, and how it is shown.
#[derive(Debug, PartialEq)]
struct Piece<'a> {
    class: &'static str,
    text: Cow<'a, str>,
}

/// What was sent, ready to look at.
pub(crate) fn payload(bytes: &[u8]) -> Markup {
    if bytes.is_empty() {
        return html! { p.quiet { "Nothing was sent." } };
    }
    let shown = bytes.get(..MAX_BYTES).unwrap_or(bytes);
    let json = serde_json::from_slice::<&RawValue>(bytes).ok().map(RawValue::get);
    html! {
        pre.payload tabindex="0" {
            @match json {
                Some(text) => @for Piece { class, text } in pieces(text) {
                    @if class.is_empty() { (text) } @else { span class=(class) { (text) } }
                },
                None => (String::from_utf8_lossy(shown)),
            }
        }
        @if shown.len() < bytes.len() {
            p.quiet { "Shown are the first " (MAX_BYTES / 1024) " KiB of " (bytes.len() / 1024) " KiB." }
        }
    }
}

/// Valid JSON in pieces, broken into lines.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut depth, mut rest) = (Vec::new(), 0_usize, text.trim());
    let mut shown = 0_usize;
    let plain = |text: String| Piece { class: "", text: text.into() };
    let line = |depth: usize| format!("\n{}", "  ".repeat(depth.min(MAX_INDENTS)));
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => rest.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length.max(first.len_utf8()).min(rest.len()));
        rest = after.trim_start();
        shown += token.len();
        if shown > MAX_BYTES {
            pieces.push(plain(format!("{}…", line(depth))));
            break;
        }
        match first {
            '{' | '[' if rest.starts_with(['}', ']']) => {
                let (_, after) = rest.split_at(1);
                rest = after.trim_start();
                pieces.push(plain(if first == '{' { "{}".to_owned() } else { "[]".to_owned() }));
            }
            '{' | '[' => {
                depth += 1;
                pieces.push(plain(format!("{token}{}", line(depth))));
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                pieces.push(plain(format!("{}{token}", line(depth))));
            }
            ',' => pieces.push(plain(format!(",{}", line(depth)))),
            ':' => pieces.push(plain(": ".to_owned())),
            '"' if rest.starts_with(':') => {
                pieces.push(Piece { class: "k", text: token.into() });
            }
            '"' => pieces.push(Piece { class: "s", text: token.into() }),
            _ => pieces.push(Piece { class: "n", text: token.into() }),
        }
    }
    pieces
}

/// How long the string at the start of `text` is, its quotes included.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(json: &str) -> String {
        pieces(json).into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn json_is_broken_into_lines_and_keeps_its_spelling() {
        let json = r#"{"b":[1,{"c":"x\"}"}],"a":{}, "n":1.50e3,"e":[],"t":true}"#;
        let expected = "{\n  \"b\": [\n    1,\n    {\n      \"c\": \"x\\\"}\"\n    }\n  ],\n  \
                        \"a\": {},\n  \"n\": 1.50e3,\n  \"e\": [],\n  \"t\": true\n}";
        assert_eq!(text(json), expected);
    }

    #[test]
    fn what_is_sent_is_shown_and_never_run() {
        let hostile = br#"{"name":"<script>alert(1)</script>","</pre>":"&"}"#;
        let shown = payload(hostile).into_string();
        assert!(!shown.contains("<script>") && shown.matches("</pre>").count() == 1, "{shown}");
        let shown = payload(b"<img src=x onerror=alert(1)>").into_string();
        assert!(!shown.contains("<img"), "{shown}");
    }

    #[test]
    fn a_long_payload_is_cut() {
        let long = format!("[{}1]", "1,".repeat(MAX_BYTES));
        assert!(text(&long).len() < 6 * MAX_BYTES);
        assert!(payload(&vec![b'x'; MAX_BYTES + 1]).into_string().contains("Shown are"));
        let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
        assert!(text(&deep).len() < 100 * MAX_BYTES);
    }

    proptest! {
        #[test]
        fn what_is_shown_means_what_was_sent(text_in in "[ -~é]{0,20}", number in any::<i64>()) {
            let value = serde_json::json!({"a": [text_in.clone(), number, null], text_in: {}});
            let shown: serde_json::Value = serde_json::from_str(&text(&value.to_string())).unwrap();
            prop_assert_eq!(shown, value);
        }
    }
}
