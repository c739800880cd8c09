//! One record's extent: fed the bytes from its first on, it says where the record ends.

use super::structure::{Step, Structure};

/// What is being read.
#[derive(Debug)]
pub(super) enum Unit {
    /// A line
    Line,
    /// An object that began the input: one line, or several if it is still open when the first ends
    Object { structure: Structure, closed: bool, lines: bool },
    /// An object or a list inside an array
    Element(Structure),
    /// Anything else inside an array; it ends with its line at the latest
    Scalar { in_string: bool, escaped: bool },
    /// An element whose string was torn by the end of a line: it goes on until a line begins with a brace
    Torn { line_start: bool },
}

/// Where the record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Not yet
    No,
    /// Before this byte
    Before,
    /// With this byte
    After,
    /// It was no object over several lines after all: its lines are records
    GiveBack,
}

impl Unit {
    pub(super) fn object() -> Self {
        Self::Object { structure: Structure::default(), closed: false, lines: false }
    }

    /// The unit of an array that begins with `first`.
    pub(super) fn element(first: u8) -> Self {
        if matches!(first, b'{' | b'[') {
            Self::Element(Structure::default())
        } else {
            Self::Scalar { in_string: false, escaped: false }
        }
    }

    /// Takes the next byte.
    pub(super) fn step(&mut self, byte: u8) -> Cut {
        match self {
            Self::Line if byte == b'\n' => Cut::After,
            Self::Line => Cut::No,
            Self::Object { structure, closed, lines } => {
                object_step(structure, closed, lines, byte)
            }
            Self::Element(structure) => match structure.step(byte) {
                Step::Inside => Cut::No,
                Step::Closed => Cut::After,
                Step::Begins => Cut::Before,
                Step::Torn => {
                    *self = Self::Torn { line_start: true };
                    Cut::No
                }
            },
            Self::Scalar { in_string, escaped } => match byte {
                b'\n' => Cut::Before,
                _ if *escaped => {
                    *escaped = false;
                    Cut::No
                }
                b'\\' if *in_string => {
                    *escaped = true;
                    Cut::No
                }
                b'"' => {
                    *in_string = !*in_string;
                    Cut::No
                }
                b',' | b']' if !*in_string => Cut::Before,
                _ => Cut::No,
            },
            Self::Torn { line_start } => match byte {
                b'{' if *line_start => Cut::Before,
                b'\n' => {
                    *line_start = true;
                    Cut::No
                }
                _ => {
                    *line_start &= byte.is_ascii_whitespace();
                    Cut::No
                }
            },
        }
    }
}

fn object_step(structure: &mut Structure, closed: &mut bool, lines: &mut bool, byte: u8) -> Cut {
    if *closed {
        return if byte == b'\n' { Cut::After } else { Cut::No };
    }
    match structure.step(byte) {
        Step::Inside => *lines |= byte == b'\n',
        Step::Closed => *closed = true,
        Step::Begins | Step::Torn => return Cut::GiveBack,
    }
    Cut::No
}
