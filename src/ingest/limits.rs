//! How much one event may be.

use super::Problem;

/// What is refused before it costs anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest event, in bytes. Default 1 MiB.
    pub max_event_bytes: usize,
    /// The deepest nesting of objects and arrays. Default 64.
    pub max_depth: usize,
}

impl Limits {
    /// The deepest nesting that can be configured: what reads below must not exhaust the stack.
    pub const DEEPEST: usize = 120;

    // Security: both bounds are checked before the event is parsed.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Problem> {
        if bytes.len() > self.max_event_bytes {
            return Err(Problem::TooLarge { bytes: bytes.len(), limit: self.max_event_bytes });
        }
        // Looking for brackets is many times cheaper than tracking strings, and nearly always settles it.
        let has_many_brackets =
            memchr::memchr2_iter(b'{', b'[', bytes).nth(self.max_depth).is_some();
        if has_many_brackets && depth(bytes) > self.max_depth {
            return Err(Problem::TooDeep { limit: self.max_depth });
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_event_bytes: 1 << 20, max_depth: 64 }
    }
}

fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings() {
        assert_eq!(depth(br#"{"a":[{"b":1},[]],"c":"[[[[\"{{{"}"#), 3);
        assert_eq!(depth(b"1"), 0);
    }

    #[test]
    fn both_bounds_are_exact() {
        let limits = Limits { max_event_bytes: 10, max_depth: 2 };
        assert!(limits.check(b"[[1]]     ").is_ok());
        assert!(matches!(limits.check(b"[[[1]]]"), Err(Problem::TooDeep { limit: 2 })));
        assert!(matches!(limits.check(b"           "), Err(Problem::TooLarge { bytes: 11, .. })));
    }
}
