//! Cutting a list into its elements by structure alone, so that a broken element costs only itself.

use bytes::Bytes;

/// The elements between the brackets of `list`, which must begin with `[` or `{` and end with the bracket that closes
/// it; `None` where it does not. Elements are trimmed and not checked: they may be anything that leaves the brackets
/// balanced.
pub(super) fn elements(list: &Bytes) -> Option<Vec<Bytes>> {
    let (&first, inner) = list.split_first()?;
    if !matches!(first, b'[' | b'{') {
        return None;
    }
    let mut elements = Vec::new();
    let (mut depth, mut start) = (1_usize, 1);
    let (mut in_string, mut escaped) = (false, false);
    for (at, byte) in inner.iter().enumerate().map(|(at, byte)| (at + 1, byte)) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    let tail = trim(&list.slice(start..at));
                    if !tail.is_empty() || !elements.is_empty() {
                        elements.push(tail);
                    }
                    return (at + 1 == list.len()).then_some(elements);
                }
            }
            b',' if depth == 1 => {
                elements.push(trim(&list.slice(start..at)));
                start = at + 1;
            }
            _ => {}
        }
    }
    None
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
        Some(elements.iter().map(|part| String::from_utf8_lossy(part).into_owned()).collect())
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
