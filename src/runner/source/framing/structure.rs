//! The structure of a JSON value, byte by byte: where it closes, and where it can no longer be one value.
//!
//! It looks at brackets, strings and what stands before an opening brace, which is enough to notice that one record
//! has ended without closing and another has begun. It does not check JSON.

/// Follows one value from its first bracket.
#[derive(Debug, Default)]
pub(super) struct Structure {
    /// The brackets that are open
    open: Vec<u8>,
    in_string: bool,
    escaped: bool,
    /// The last byte that is neither white space nor inside a string
    last: u8,
}

/// What a byte does to the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It goes on
    Inside,
    /// This byte closes it
    Closed,
    /// A brace where no value may begin: the value was left open, and another one begins here
    Begins,
    /// A line ends inside a string, which no JSON string allows
    Torn,
}

impl Structure {
    /// Takes the next byte. The first one must be the bracket that opens the value.
    pub(super) fn step(&mut self, byte: u8) -> Step {
        match byte {
            b'\n' if self.in_string => return Step::Torn,
            _ if self.escaped => {
                self.escaped = false;
                return Step::Inside;
            }
            b'\\' if self.in_string => {
                self.escaped = true;
                return Step::Inside;
            }
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string || byte.is_ascii_whitespace() => return Step::Inside,
            b'{' if !self.may_begin() => return Step::Begins,
            b'{' | b'[' => self.open.push(byte),
            b'}' | b']' => {
                self.open.pop();
                if self.open.is_empty() {
                    return Step::Closed;
                }
            }
            _ => {}
        }
        self.last = byte;
        Step::Inside
    }

    /// Whether an object may begin here.
    fn may_begin(&self) -> bool {
        match self.open.last() {
            None => true,
            Some(b'{') => self.last == b':',
            Some(_) => matches!(self.last, b'[' | b','),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(text: &str) -> (usize, Step) {
        let mut structure = Structure::default();
        for (at, byte) in text.bytes().enumerate() {
            let step = structure.step(byte);
            if step != Step::Inside {
                return (at, step);
            }
        }
        (text.len(), Step::Inside)
    }

    #[test]
    fn a_value_closes_with_its_first_bracket() {
        assert_eq!(follow(r#"{"a":[{},{"b":"}]"}],"c":{}}x"#), (27, Step::Closed));
        assert_eq!(follow("{\n  \"a\": \"\\\"}\"\n}"), (15, Step::Closed));
    }

    #[test]
    fn a_record_that_was_left_open_ends_where_the_next_begins() {
        assert_eq!(follow("{\"a\":1,\n{\"b\":1}").1, Step::Begins);
        assert_eq!(follow("{\"a\"\n{\"b\":1}").1, Step::Begins);
        assert_eq!(follow("{\"a\":{}\n{\"b\":1}").1, Step::Begins);
        assert_eq!(follow("{\"a\":[1\n{\"b\":1}").1, Step::Begins);
        assert_eq!(follow("{\"a\":\"x\n{\"b\":1}"), (7, Step::Torn));
    }
}
