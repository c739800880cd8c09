//! `[sinks.NAME]`: a sink and the sources it reads.

use std::collections::BTreeSet;

use super::block::Block;
use super::courier::{self, Beside, CourierConfig};
use super::item::Item;
use super::mistake::nearest;

/// Security: no more than this many names enter a mistake, of which there may be as many.
const MOST_NAMED: usize = 20;

/// One sink.
#[derive(Clone, Debug)]
pub struct Sink {
    /// `inputs`: the names of the sources it reads, patterns replaced by what they match; at least one
    pub inputs: Vec<String>,
    /// Its other options
    pub courier: CourierConfig,
    /// The line its block starts at, from 1
    pub line: usize,
}

/// Reads one sink. What it reads of `sources` is added to `used`, which is `None` once that cannot be known.
pub(super) fn read(
    block: &mut Block<'_>,
    name: &str,
    sources: &BTreeSet<String>,
    used: &mut Option<BTreeSet<String>>,
    beside: Beside,
) -> Option<Sink> {
    let kind = block.required("type", "set it to `courier`");
    let is_other = kind.is_some_and(|item| item.choice(&[("courier", ())]).is_none());
    let inputs = block
        .required("inputs", "list the names of the sources to read")
        .and_then(|item| inputs(item, sources));
    match (&inputs, used.as_mut()) {
        (Some(inputs), Some(used)) => used.extend(inputs.iter().cloned()),
        (Some(_) | None, _) => *used = None,
    }
    if is_other {
        // Nothing can be said of the options of another type.
        block.take_all();
        return None;
    }
    let courier = courier::read(block, name, beside);
    let line = block.reader.position(block.place.at).0;
    Some(Sink { inputs: inputs?, courier: courier?, line })
}

fn inputs(item: Item<'_>, sources: &BTreeSet<String>) -> Option<Vec<String>> {
    if item.value.as_array().is_some_and(Vec::is_empty) {
        item.refuse_with("must not be empty", "list the names of the sources to read");
        return None;
    }
    let (reader, before) = (item.reader, item.reader.mistakes());
    let mut written = BTreeSet::new();
    let mut names = Vec::new();
    for item in item.elements()? {
        let Some(input) = item.text() else { continue };
        let matching: Vec<_> = sources.iter().filter(|name| matches(&input, name)).collect();
        if matching.is_empty() {
            no_such_source(&item, &input, sources);
        }
        for name in matching {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        if !written.insert(input) {
            item.refuse("is there twice");
        }
    }
    (reader.mistakes() == before).then_some(names)
}

/// Notes that `input` is no source, and which there are.
fn no_such_source(item: &Item<'_>, input: &str, sources: &BTreeSet<String>) {
    let names = || sources.iter().map(String::as_str);
    let known: Vec<_> = names().take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
    let known = match sources.len().saturating_sub(MOST_NAMED) {
        0 if known.is_empty() => "and no other".to_owned(),
        0 => format!("known here: {}", known.join(", ")),
        more => format!("known here: {} and {more} more", known.join(", ")),
    };
    let message = format!("there is no such source, {known}");
    match nearest(input, names()) {
        Some(nearest) => item.refuse_with(message, format!("did you mean `{nearest}`?")),
        None => item.refuse(message),
    }
}

/// Whether `pattern`, in which `*` stands for anything, is `name`.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inner = name.strip_prefix(start);
    let Some(mut inner) = inner.and_then(|inner| inner.strip_suffix(end)) else {
        return false;
    };
    // Each part where it first stands: that leaves the most for those behind it.
    for part in middle.split('*') {
        match inner.split_once(part) {
            _ if part.is_empty() => {}
            Some((_, after)) => inner = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_vector() {
        for (pattern, name, is_match) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*", "abc", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abc", true),
            ("a*a", "a", false),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "axc", false),
            ("**", "x", true),
            ("*b*b*", "abab", true),
            ("*b*b*", "ab", false),
        ] {
            assert_eq!(matches(pattern, name), is_match, "{pattern} {name}");
        }
    }
}
