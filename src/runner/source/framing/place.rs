//! Where in an input a record begins or ends, precisely enough to go on reading there.

/// A place between two records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes from the start of the (decompressed) input
    pub offset: u64,
    /// The line, counted from 1
    pub line: u64,
    /// What stands there
    pub shape: Shape,
}

/// What an input is made of, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing is known yet: its first byte tells
    Unknown,
    /// One record a line
    Lines,
    /// The elements of a JSON array
    Array,
}

impl Place {
    /// The start of an input.
    pub const START: Self = Self { offset: 0, line: 1, shape: Shape::Unknown };
}

impl Shape {
    /// The name used in checkpoints.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Lines => "lines",
            Self::Array => "array",
        }
    }

    /// The shape of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Unknown, Self::Lines, Self::Array].into_iter().find(|shape| shape.as_str() == name)
    }
}
