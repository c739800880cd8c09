//! The document says what is measured.

use std::fs;
use std::path::Path;

#[test]
fn the_tables_of_the_document_hold_what_is_measured() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/adaptive.md");
    let document = fs::read_to_string(path).unwrap();
    for (table, lines) in
        [("concurrency", &super::concurrency::LINES), ("rate", &super::rate::LINES)]
    {
        let start = format!("<!-- {table}: measured by tests/adaptive -->");
        let written = document.split(&start).nth(1).expect("the document has the table");
        let written: Vec<&str> = written
            .lines()
            .skip_while(|line| !line.starts_with("|---"))
            .skip(1)
            .take_while(|line| line.starts_with('|'))
            .collect();
        let lines: Vec<&str> = lines.iter().map(|(line, _)| line.as_str()).collect();
        assert_eq!(written, lines, "the table of {table} should read\n{}\n", lines.join("\n"));
    }
}
