//! Paths as RudderStack writes them: `properties.items[0].id`.

use std::fmt;
use std::str::FromStr;

use serde_json::value::RawValue;

use super::{Kind, Members};

/// A dotted path to a member, with `[n]` for the n-th element of an array (from 0).
///
/// A name that itself holds a dot or a bracket cannot be written; such members are out of reach by design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Member(String),
    Element(usize),
}

/// The text is not a path.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a path such as `properties.items[0].id`: {0}")]
pub struct PathError(&'static str);

impl Path {
    /// The text of the value this path leads to inside the object `text`.
    pub fn find<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.0.iter().try_fold(text, |value, segment| match segment {
            Segment::Member(name) => Members::of(value).get(name),
            Segment::Element(index) => element(value, *index),
        })
    }
}

fn element(text: &str, index: usize) -> Option<&str> {
    if Kind::of(text) != Kind::Array {
        return None;
    }
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    elements.get(index).map(|value| value.get())
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut segments = Vec::new();
        for part in text.split('.') {
            let (name, mut rest) = part.find('[').map_or((part, ""), |at| part.split_at(at));
            if name.is_empty() {
                return Err(PathError("a name is empty"));
            }
            segments.push(Segment::Member(name.to_owned()));
            while !rest.is_empty() {
                let (index, after) = rest
                    .strip_prefix('[')
                    .and_then(|inner| inner.split_once(']'))
                    .ok_or(PathError("a bracket is not closed"))?;
                let index = index.parse().map_err(|_| PathError("an index is not a number"))?;
                segments.push(Segment::Element(index));
                rest = after;
            }
        }
        Ok(Self(segments))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Member(name) if position == 0 => f.write_str(name)?,
                Segment::Member(name) => write!(f, ".{name}")?,
                Segment::Element(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_through_objects_and_arrays() {
        let text = r#"{"a":{"b":[{"c":1},{"c":2.50}]}}"#;
        let path: Path = "a.b[1].c".parse().unwrap();
        assert_eq!(path.find(text), Some("2.50"));
        assert_eq!(path.to_string(), "a.b[1].c");
        for missing in ["a.x", "a.b[2]", "a.b.c", "a[0]", "a.b[1].c.d"] {
            assert_eq!(missing.parse::<Path>().unwrap().find(text), None, "{missing}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for wrong in ["", ".a", "a.", "a..b", "a[", "a[x]", "[0]", "a[0]b"] {
            assert!(wrong.parse::<Path>().is_err(), "{wrong}");
        }
    }
}
