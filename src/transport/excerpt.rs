//! A server's words made fit to be shown: short, on one line, without our key.

use super::ApiKey;

/// Security: how much of a body is kept to be shown, in bytes.
const EXCERPT_BYTES: usize = 1024;

/// The beginning of `body` on one line. A server that echoes what it was sent must not get the key into a log.
pub(super) fn excerpt(body: &[u8], key: &ApiKey) -> String {
    // A key that begins within the excerpt is masked even if it ends beyond.
    let enough = EXCERPT_BYTES + key.len();
    let text = String::from_utf8_lossy(body.get(..enough).unwrap_or(body));
    one_line(&key.mask(&text), EXCERPT_BYTES)
}

/// At most `cap` bytes of `text`, its control characters replaced by spaces.
pub(super) fn one_line(text: &str, cap: usize) -> String {
    let mut line = String::with_capacity(text.len().min(cap));
    for character in text.chars() {
        let shown = if is_break(character) { ' ' } else { character };
        if line.len() + shown.len_utf8() > cap {
            break;
        }
        line.push(shown);
    }
    line
}

/// Unicode has line breaks that are not control characters.
fn is_break(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_excerpt_is_a_kib_without_our_key() {
        let key = ApiKey::new("pk_secret").unwrap();
        assert_eq!(excerpt(b"sent pk_secret", &key), "sent *********");
        assert_eq!(excerpt(&[b'x'; 5000], &key).len(), 1024);
        let across = format!("{}pk_secret pk_secret", "x".repeat(1020));
        assert!(excerpt(across.as_bytes(), &key).ends_with("x****"));
        let wide = "ü".repeat(2000);
        assert_eq!(excerpt(wide.as_bytes(), &key), "ü".repeat(512));
        assert_eq!(excerpt(b"\xff\xfe", &key), "\u{fffd}\u{fffd}");
    }
}
