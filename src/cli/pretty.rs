//! JSON with one member a line, as it is spelled: numbers and the order of members stay.

use std::fmt::Write;

use super::table::disturbs;

/// Indents JSON text. Text that is no JSON comes out on one line or another, and harmless.
pub(super) fn pretty(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    let mut letters = json.trim().chars().peekable();
    while let Some(letter) = letters.next() {
        if in_string || letter == '"' {
            let ends = in_string && letter == '"' && !is_escaped;
            is_escaped = in_string && letter == '\\' && !is_escaped;
            in_string = !ends;
            put(&mut text, letter);
            continue;
        }
        match letter {
            '{' | '[' => {
                text.push(letter);
                while letters.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = letters.next_if(|it| matches!(it, '}' | ']')) {
                    text.push(end);
                } else {
                    depth += 1;
                    new_line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut text, depth);
                text.push(letter);
            }
            ',' => {
                text.push(letter);
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            space if space.is_ascii_whitespace() => {}
            other => put(&mut text, other),
        }
    }
    text
}

/// What could move the cursor or turn the text around is escaped as JSON escapes it.
fn put(text: &mut String, letter: char) {
    if disturbs(letter) {
        // Writing to a string does not fail.
        let _ = write!(text, "\\u{:04x}", u32::from(letter));
    } else {
        text.push(letter);
    }
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    // Security: what is nested too deep is still shown, only not ever further to the right.
    text.extend(std::iter::repeat_n("  ", depth.min(64)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_on_lines_and_values_as_they_were() {
        let text = r#" {"b":1e400,"a":[{},[ ],"x\"{,"],"c":{"d": null}}"#;
        let expected = r#"{
  "b": 1e400,
  "a": [
    {},
    [],
    "x\"{,"
  ],
  "c": {
    "d": null
  }
}"#;
        assert_eq!(pretty(text), expected);
        assert_eq!(pretty("\"\u{9b}2J\""), "\"\\u009b2J\"");
        assert_eq!(pretty("}\u{1b}"), "\n}\\u001b");
        assert_eq!(pretty("\"\u{202e}\""), "\"\\u202e\"");
    }
}
