//! Writing an object from raw parts.

/// Writes one JSON object, member by member, in the order of the calls.
#[derive(Debug)]
pub struct ObjectWriter {
    text: String,
}

impl ObjectWriter {
    /// Starts an object that is expected to take about `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        let mut text = String::with_capacity(capacity);
        text.push('{');
        Self { text }
    }

    /// Adds a member whose value is already JSON.
    pub fn raw(&mut self, name: &str, value: &str) -> &mut Self {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        push_string(&mut self.text, name);
        self.text.push(':');
        self.text.push_str(value);
        self
    }

    /// Adds a member whose value is the given text.
    pub fn string(&mut self, name: &str, value: &str) -> &mut Self {
        let mut quoted = String::with_capacity(value.len() + 2);
        push_string(&mut quoted, value);
        self.raw(name, &quoted)
    }

    /// Adds a member if there is a value for it.
    pub fn raw_if(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.raw(name, value);
        }
        self
    }

    /// Whether nothing was added yet.
    pub fn is_empty(&self) -> bool {
        self.text.len() == 1
    }

    /// Closes the object.
    pub fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

fn push_string(text: &mut String, value: &str) {
    if value.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        let quoted = serde_json::to_string(value).expect("a string always has a JSON form");
        text.push_str(&quoted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_separated_quoted_and_closed() {
        let mut object = ObjectWriter::with_capacity(64);
        assert!(object.is_empty());
        object.raw("n", "1.0").string("quote\"d", "line\nbreak").raw_if("none", None);
        assert_eq!(object.finish(), r#"{"n":1.0,"quote\"d":"line\nbreak"}"#);
        assert_eq!(ObjectWriter::with_capacity(0).finish(), "{}");
    }
}
