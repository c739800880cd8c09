//! Text to fixtures. Each begins with `# title`; then, one a line:
//!
//! - `options:` what differs from the defaults, as JSON (see `rules.rs`)
//! - `stored:` the tenant Courier answers a GET with; without it, 404
//! - `event:` the record, to the byte
//! - all other lines: what must come of it, as `outcome.rs` writes it

use crate::rules::Options;

pub(crate) struct Fixture {
    pub(crate) title: String,
    pub(crate) options: Options,
    pub(crate) stored: Option<String>,
    pub(crate) event: String,
    pub(crate) expected: String,
}

impl Fixture {
    pub(crate) fn read(file: &str) -> Vec<Self> {
        let blocks = file.split("\n# ").enumerate();
        blocks
            .map(|(position, block)| match position {
                0 => block.strip_prefix("# ").expect("a file begins with a title"),
                _ => block,
            })
            .map(Self::one)
            .collect()
    }

    fn one(block: &str) -> Self {
        let (title, lines) = block.split_once('\n').expect("a title is not alone");
        let mut options = "{}";
        let (mut event, mut stored, mut expected) = (None, None, Vec::new());
        for line in lines.lines().filter(|line| !line.is_empty()) {
            match line.split_once(": ") {
                Some(("options", text)) => options = text,
                Some(("stored", text)) => stored = Some(text.to_owned()),
                Some(("event", text)) => event = Some(text.to_owned()),
                _ => expected.push(line),
            }
        }
        Self {
            title: title.to_owned(),
            options: serde_json::from_str(options)
                .unwrap_or_else(|error| panic!("options of `{title}`: {error}")),
            stored,
            event: event.unwrap_or_else(|| panic!("`{title}` has no event")),
            expected: expected.join("\n"),
        }
    }
}
