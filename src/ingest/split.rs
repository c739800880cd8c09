//! Cutting a list into its elements by structure alone, so that a broken element costs only itself.

use bytes::Bytes;

/// Cuts off one element after the other. Security: nothing is kept but the list itself.
#[derive(Clone, Debug)]
pub(crate) struct Elements {
    list: Bytes,
    /// Where the next element begins; past the end when there is none.
    at: usize,
}

/// The elements between the brackets of `list`, which must begin with `[` or `{` and end with the bracket that closes
/// it; `None` where it does not. Elements are trimmed and not checked: they may be anything that leaves the brackets
/// balanced.
pub(crate) fn elements(list: &Bytes) -> Option<Elements> {
    if !matches!(list.first(), Some(b'[' | b'{')) {
        return None;
    }
    let mut at = 1;
    loop {
        let end = End::of(list, at)?;
        if end.is_last {
            return (end.at + 1 == list.len()).then(|| Elements { list: list.clone(), at: 1 });
        }
        at = end.at + 1;
    }
}

/// Where an element ends: at a comma, or at the bracket that closes the list.
struct End {
    at: usize,
    is_last: bool,
}

impl End {
    fn of(list: &[u8], from: usize) -> Option<Self> {
        let mut depth = 1_usize;
        let (mut in_string, mut escaped) = (false, false);
        for (at, byte) in list.iter().enumerate().skip(from) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                _ if in_string => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 1 => return Some(Self { at, is_last: true }),
                b'}' | b']' => depth -= 1,
                b',' if depth == 1 => return Some(Self { at, is_last: false }),
                _ => {}
            }
        }
        None
    }
}

impl Iterator for Elements {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let end = End::of(&self.list, self.at)?;
        let element = trim(&self.list.slice(self.at..end.at));
        let is_empty_list = end.is_last && self.at == 1 && element.is_empty();
        self.at = if end.is_last { self.list.len() } else { end.at + 1 };
        (!is_empty_list).then_some(element)
    }
}

/// The bytes without white space around them.
pub(super) fn trim(bytes: &Bytes) -> Bytes {
    bytes.slice_ref(bytes.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(list: &'static str) -> Option<Vec<String>> {
        let elements = elements(&Bytes::from_static(list.as_bytes()))?;
        Some(elements.map(|part| String::from_utf8_lossy(&part).into_owned()).collect())
    }

    #[test]
    fn elements_are_cut_at_the_outer_commas() {
        assert_eq!(cut("[]").unwrap(), [""; 0]);
        assert_eq!(
            cut("[ {\"a\":[1,2]} , \"x,]\\\"\", 3]").unwrap(),
            ["{\"a\":[1,2]}", "\"x,]\\\"\"", "3"]
        );
        assert_eq!(cut("[{\"a\":1],{\"b\":2}]").unwrap(), ["{\"a\":1]", "{\"b\":2}"]);
        assert_eq!(cut("[1,,2]").unwrap(), ["1", "", "2"]);
    }

    #[test]
    fn what_does_not_close_is_no_list() {
        for list in ["", "x", "[", "[1", "[1] 2", "[\"]", "1]"] {
            assert_eq!(cut(list), None, "{list}");
        }
    }
}
