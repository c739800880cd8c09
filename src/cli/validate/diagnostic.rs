//! A mistake with the line it is in.
//!
//! Security: where a line may hold a secret, whatever stands for a value in it is hidden.

use std::io::{self, IsTerminal};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Renderer, Snippet};

use crate::cli::environment;
use crate::config::{Mistake, Texts};

/// How bad it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level {
    Error,
    Warning,
}

/// Options whose values are secrets, or may hold one. Where a secret is kept is none. `key_pass` is Vector's, and no option
/// here.
const SECRET: [&str; 9] =
    ["api_key", "write_keys", "key", "key_pass", "headers", "http", "https", "endpoint", "proxy"];

/// `mistake` in the file called `name` that holds `text`, with the line it is in.
pub(super) fn show(level: Level, name: &str, text: &str, mistake: &Mistake) -> String {
    let line = line_at(text, mistake.line);
    let hidden = if mistake.path.is_empty() {
        hide(line)
    } else if mistake.texts == Texts::Secret || is_secret(mistake, line) {
        hide_values(line)
    } else {
        line.to_owned()
    };
    let title = match mistake.path.as_str() {
        "" => mistake.message.clone(),
        path => format!("{path}: {}", mistake.message),
    };
    // Only that line can be shown, so nothing else has to be handed over, nor hidden.
    let source = hidden.replace('\t', " ");
    let snippet = Snippet::source(source.as_str()).path(name).line_start(mistake.line);
    let annotation = AnnotationKind::Primary.span(token(&source, mistake.column));
    let annotation = annotation.label(mistake.remedy.as_deref());
    let level = match level {
        Level::Error => annotate_snippets::Level::ERROR,
        Level::Warning => annotate_snippets::Level::WARNING,
    };
    let report = [level.primary_title(title).element(snippet.annotation(annotation))];
    format!("{}\n", renderer().render(&report))
}

fn renderer() -> Renderer {
    let is_plain = environment::variable("NO_COLOR").is_some_and(|it| !it.is_empty());
    if io::stderr().is_terminal() && !is_plain { Renderer::styled() } else { Renderer::plain() }
}

/// The line of that number, from 1, without its end.
fn line_at(text: &str, number: usize) -> &str {
    text.lines().nth(number.saturating_sub(1)).unwrap_or_default()
}

/// The word that begins at that column, in characters from 1: a name, a quoted text, or one character.
fn token(line: &str, column: usize) -> Range<usize> {
    let start = line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
    let rest = line.get(start..).unwrap_or_default();
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let length = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| *c == quote)
            .map_or(rest.len(), |(at, _)| at + 1),
        Some(first) if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        Some(first) => first.len_utf8(),
        None => 0,
    };
    start..start + length
}

/// Whether the line may hold a secret: by the option's name, or by a name in the line.
fn is_secret(mistake: &Mistake, line: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    // What a source or a sink is called is no option.
    let own = match mistake.path.split_once('.') {
        Some(("sources" | "sinks", rest)) => rest.split_once('.').map_or("", |(_, own)| own),
        Some(_) | None => &mistake.path,
    };
    let path = own.split(|c| !is_word(c));
    // Before each `=` stands a name, perhaps with dots or in quotes.
    let names = line.rsplit('=').skip(1).flat_map(|before| {
        let name = before.rsplit(['{', ',']).next().unwrap_or_default();
        name.split(|c| !is_word(c))
    });
    let mut words = path.chain(names);
    words.any(|word| SECRET.contains(&word))
}

/// The line of what is no TOML, where it is not known what stands where, with every letter and digit behind the first `=`
/// replaced, at the same places.
fn hide(line: &str) -> String {
    if is_header(line) {
        return line.to_owned();
    }
    // Within quotes it is a part of a value: keys in Base64 end with it.
    let is_outside = |at: &usize| {
        line.get(..*at).is_some_and(|before| before.matches(['"', '\'']).count() % 2 == 0)
    };
    let values = line.find('=').filter(is_outside).unwrap_or(0);
    let hide = |(at, letter): (usize, char)| {
        if at < values || !letter.is_alphanumeric() { letter } else { '*' }
    };
    line.char_indices().map(hide).collect()
}

/// Whether the line is `[a.b]`.
fn is_header(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('[') && line.ends_with(']') && !line.contains(['"', '\'', '=', ','])
}

/// The line with every letter and digit replaced, at the same places, save those of bare keys.
fn hide_values(line: &str) -> String {
    let hidden = |text: &str| -> String {
        text.chars().map(|letter| if letter.is_alphanumeric() { '*' } else { letter }).collect()
    };
    // A text of several lines may end here, and what looks like a key would be a part of it.
    if line.contains("\"\"\"") || line.contains("'''") {
        return hidden(line);
    }
    let (header, comment) = line.split_at(line.find('#').unwrap_or(line.len()));
    if is_header(header) {
        return format!("{header}{}", hidden(comment));
    }
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => rest.len(),
            '"' | '\'' => quoted(rest, first),
            _ => rest.find(['=', '{', '}', '[', ']', ',', '#', '"', '\'']).unwrap_or(rest.len()),
        };
        let (part, behind) = rest.split_at(length.max(first.len_utf8()));
        // Nothing but a key stands before a `=`, and a key in quotes is no option's.
        let is_key = behind.starts_with('=') && !part.starts_with(['"', '\'']);
        shown.push_str(&if is_key { part.to_owned() } else { hidden(part) });
        rest = behind;
    }
    shown
}

/// How long the text is that begins with this quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if letter == quote {
            return at + 1;
        } else {
            is_escaped = letter == '\\' && quote == '"';
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(path: &str, line: usize, column: usize) -> Mistake {
        let remedy = Some("do this".to_owned());
        let (path, message) = (path.to_owned(), "is wrong".to_owned());
        Mistake { path, line, column, message, remedy, texts: Texts::Plain }
    }

    fn shown(path: &str, text: &str, line: usize, column: usize) -> String {
        show(Level::Error, "c.toml", text, &mistake(path, line, column))
    }

    #[test]
    fn the_line_is_quoted_and_the_word_marked() {
        let text = "a = 1\r\n\tbc-d = { e = \"ü\" } # x\n";
        let shown = shown("bc-d", text, 2, 2);
        assert!(shown.contains(" --> c.toml:2:2\n"), "{shown}");
        assert!(shown.contains("2 |  bc-d = { e = \"ü\" } # x\n"), "{shown}");
        assert!(shown.contains("  |  ^^^^ do this\n"), "{shown}");
    }

    #[test]
    fn places_at_the_end_and_beyond_are_shown_too() {
        for (line, column) in [(1, 6), (1, 60), (2, 1), (9, 9)] {
            assert!(shown("a", "a = 1", line, column).contains("is wrong"));
        }
    }

    #[test]
    fn a_path_is_no_secret() {
        for (path, line) in [
            ("sinks.a.api_key_file", "api_key_file = \"keys/courier.key\""),
            ("sources.a.write_keys_file", "write_keys_file = \"keys/courier.key\""),
            ("sinks.a.tls.key_file", "tls = { key_file = 'keys/courier.key' }"),
            ("sources.a.tls.crt_file", "tls.crt_file = 'keys/courier.key'"),
            // A name is no option.
            ("sources.http.tls.crt_file", "tls.crt_file = 'keys/courier.key'"),
        ] {
            let shown = shown(path, line, 1, 1);
            assert!(shown.contains("keys/courier.key"), "{shown}");
        }
    }

    #[test]
    fn secrets_are_not_quoted() {
        for (path, line) in [
            ("", "api_key = \"pksecret"),
            ("", "api_key = pksecret"),
            ("", "  \"pksecret\" \"pksecret\","),
            ("", "pksecret"),
            ("", "  \"pksecret==\""),
            ("sources.a.write_keys[1]", "  \"pksecret==\","),
            ("sources.a.write_keys", "write_keys = [\"pksecret==\"]"),
            ("sinks.a.api_key", "api_key = \"pksecret x\""),
            ("sinks.a.x", "x = 1, api_key = 'pksecret'"),
            ("sources.a.write_keys[1]", "  \"pksecret\","),
            ("sources.a.write_keys[0].key", "[\"pksecret\"]"),
            ("sinks.a.proxy.https", "https = \"ftp://me:pksecret@host\""),
            ("sinks.a.endpoint", "endpoint = \"https://pksecret@host\""),
            ("sinks.a.proxy.http", "proxy = { http = \"http://me:pksecret@host\" }"),
            ("sinks.a.tls.ca_file", "tls = { ca_file = \"ca.pem\", key_pass = \"pksecret\" }"),
            ("sinks.a.api_key_file", "a = { api_key_file = \"a\", api_key = \"pksecret\" }"),
            ("traces.headers.\"a b\"", "headers = { \"a b\" = \"pksecret\" }"),
            ("traces.headers.\"a b\"", "\"a b\" = \"pksecret\""),
            ("traces.sample_ratio", "traces = { headers.x = \"pksecret\", sample_ratio = 5 }"),
        ] {
            let shown = shown(path, line, 1, 1);
            assert!(!shown.contains("pksecret"), "{shown}");
        }
        assert!(shown("x", "path = 'a.key'", 1, 1).contains("'a.key'"));
        assert!(shown("", "[a.b", 1, 1).contains("[*.*"));
        assert!(shown("", "[a.b]", 1, 1).contains("[a.b]"));
    }

    #[test]
    fn of_a_line_that_may_hold_a_secret_only_keys_are_readable() {
        let shown = |line: &str| {
            let secret = Mistake { texts: Texts::Secret, ..mistake("a.apiKey", 1, 1) };
            let shown = show(Level::Error, "c.toml", line, &secret);
            let line = shown.lines().find_map(|it| it.strip_prefix("1 |")).unwrap_or_default();
            line.trim_start().to_owned()
        };
        for (line, expected) in [
            ("apiKey = \"pksecret\"", "apiKey = \"********\""),
            (r#"apiKey = "pk\"secret""#, r#"apiKey = "**\"******""#),
            (
                r#"apiKey = "pk\\", mode = 'secret\', x = 1"#,
                r#"apiKey = "**\\", mode = '******\', x = *"#,
            ),
            ("apiKey = 12345", "apiKey = *****"),
            ("apiKey = true # pk_x = 1", "apiKey = **** # **_* = *"),
            (
                "a.b-c = 1.5, d = { e = [1979-05-27, 2] }",
                "a.b-c = *.*, d = { e = [****-**-**, *] }",
            ),
            ("'a=b'.c = \"pk=x\"", "'*=*'.c = \"**=*\""),
            (r#""pk\"x=y","#, r#""**\"*=*","#),
            ("'pk\"x=y',", "'**\"*=*',"),
            ("12345, pk_x", "*****, **_*"),
            ("[a.b] # pk_x", "[a.b] # **_*"),
            ("[[a.b]]", "[[a.b]]"),
            ("[a.\"b\"]", "[*.\"*\"]"),
            // Where a text of several lines ends, it is not known what is outside.
            ("pk_x = \"\"\", a = 1", "**_* = \"\"\", * = *"),
        ] {
            assert_eq!(shown(line), expected);
        }
    }
}
