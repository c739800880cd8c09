//! The parts of a request target: path segments and query members, percent-decoded exactly once.

use percent_encoding::percent_decode_str;

use super::answer::Refusal;

/// What stands in the raw path where the pattern has `{…}`, decoded. The two have as many
/// segments: the pattern was found by the raw path, where `%2F` is no separator.
pub(super) fn captures(pattern: &str, raw: &str) -> Result<Vec<String>, Refusal> {
    if !pattern.contains('{') {
        return Ok(Vec::new());
    }
    pattern
        .split('/')
        .zip(raw.split('/'))
        .filter(|(wanted, _)| wanted.starts_with('{'))
        .map(|(_, segment)| decode(segment))
        .collect()
}

/// The members of a query string in their order.
pub(super) fn query(raw: &str) -> Result<Vec<(String, String)>, Refusal> {
    raw.split('&')
        .filter(|member| !member.is_empty())
        .map(|member| {
            let (name, value) = member.split_once('=').unwrap_or((member, ""));
            Ok((decode(&name.replace('+', " "))?, decode(&value.replace('+', " "))?))
        })
        .collect()
}

fn decode(raw: &str) -> Result<String, Refusal> {
    percent_decode_str(raw)
        .decode_utf8()
        .map(String::from)
        .map_err(|_| Refusal::bad_request("the path or query is not percent-encoded UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_decode_once_and_a_slash_inside_stays_inside() {
        let captured =
            captures("/users/{user}/tenants/{tenant}", "/users/a%2Fb%2520c/tenants/%C3%A9+@");
        assert_eq!(captured, Ok(vec!["a/b%20c".to_owned(), "é+@".to_owned()]));
    }

    #[test]
    fn bytes_that_are_no_utf8_are_refused() {
        assert!(captures("/profiles/{id}", "/profiles/%FF").is_err());
    }

    #[test]
    fn query_members_decode_with_plus_as_a_space() {
        let members = query("limit=1&cursor=a%26b+c&flag&").expect("plain ASCII");
        let expected = [("limit", "1"), ("cursor", "a&b c"), ("flag", "")];
        assert_eq!(members, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
