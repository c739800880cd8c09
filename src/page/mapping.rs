//! A mapping block of a sink, as its configuration is written: an event, and the automation it starts. Pure.

use std::fmt::Write as _;

/// The block for a sink whose name needs no quotes, as the names of all sinks. It means the same as a link in Studio.
pub(crate) fn block(sink: &str, on: &str, template: &str) -> String {
    let (on, template) = (quoted(on), quoted(template));
    format!("[[sinks.{sink}.automations]]\non = {on}\ntemplate = {template}\n{DATA}\n")
}

/// What a link gives its automation.
const DATA: &str = "data = \".\" # the whole event, as a link gives it";

/// A TOML string that the sink's configuration reads as `text`: a dollar sign begins a variable there unless it is doubled.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '$' => quoted.push_str("$$"),
            letter if letter.is_control() => {
                write!(quoted, "\\u{:04X}", u32::from(letter)).expect("a String takes every write");
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
