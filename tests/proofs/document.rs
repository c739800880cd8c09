//! The tables of `docs/layers.md`, against what is measured.

use std::fs;
use std::path::Path;

/// Fails unless the document's table of this name has these lines.
pub(crate) fn check(table: &str, lines: &[String]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/layers.md");
    let document = fs::read_to_string(path).unwrap();
    let start = format!("<!-- {table}: measured by tests/proofs -->");
    let written = document.split(&start).nth(1).expect("the document has the table");
    let written: Vec<&str> = written
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert_eq!(written, lines, "the table of {table} should read\n{}\n", lines.join("\n"));
}
