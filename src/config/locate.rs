//! Where an option stands in the text it was read from, for mistakes that are found later than it was read.

use toml_span::value::{Value, ValueInner};

/// Line and column, both from 1, of the option at `path`, as in `sinks.courier.automations[0].on`; of the nearest table
/// around it, where the option itself is not written. `None` where not even that is, or `text` is no TOML.
pub fn locate(text: &str, path: &str) -> Option<(usize, usize)> {
    let value = toml_span::parse(text).ok()?;
    let (mut value, mut at) = (&value, None);
    for part in path.split('.') {
        let Some(found) = step(value, part) else { break };
        (value, at) = (found.0, Some(found.1));
    }
    let before = text.get(..at?)?;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    Some((before.matches('\n').count() + 1, column + 1))
}

/// The member that `part` names, or the element of it, and the byte it starts at.
fn step<'v, 't>(value: &'v Value<'t>, part: &str) -> Option<(&'v Value<'t>, usize)> {
    let (name, index) = match part.split_once('[') {
        Some((name, index)) => (name, Some(index.strip_suffix(']')?.parse::<usize>().ok()?)),
        None => (part, None),
    };
    let members = value.as_table()?;
    let (key, value) = members.get_key_value(name)?;
    let Some(index) = index else { return Some((value, key.span.start)) };
    let element = value.as_array()?.get(index)?;
    let is_text = matches!(element.as_ref(), ValueInner::String(_));
    // A string's span is its content.
    Some((element, element.span.start.saturating_sub(usize::from(is_text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_where_they_are_written_or_around_there() {
        let text = "a = 1\n[b.c]\n\"ü\" = 2\nd = { e = [1, \"x\"] }\n[[f]]\ng = 1\n[[f]]\ng = 2\n";
        for (path, place) in [
            ("a", Some((1, 1))),
            ("b.c", Some((2, 4))),
            ("b.c.d.e", Some((4, 7))),
            ("b.c.d.e[1]", Some((4, 15))),
            ("b.c.absent.deep", Some((2, 4))),
            ("f[1].g", Some((8, 1))),
            ("f[7].g", None),
            ("nothing", None),
        ] {
            assert_eq!(locate(text, path), place, "{path}");
        }
        assert_eq!(locate("a = ", "a"), None);
    }
}
