//! `docs/promises.md` names tests that exist: for each thing that goes wrong one row, and in each row a proof.

use std::fs;
use std::path::Path;

/// Rows there must be: fewer would mean that somebody lost some.
const LEAST: usize = 50;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The cells of each row of each table, headings left out.
fn rows(document: &str) -> Vec<Vec<String>> {
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| what happens when |");
    let lines = document.lines().filter(is_row);
    let cells =
        |line: &str| line.trim_matches('|').split('|').map(|it| it.trim().to_owned()).collect();
    lines.map(cells).collect()
}

/// Whether `file` has a test of this name.
fn has_test(file: &str, name: &str) -> bool {
    let (text, signature) = (read(file), format!("fn {name}("));
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let Some(at) = lines.iter().position(|line| line.contains(&signature)) else {
        return false;
    };
    let attributes = lines.iter().take(at).rev().take_while(|line| line.starts_with("#["));
    attributes.into_iter().any(|line| *line == "#[test]" || line.starts_with("#[tokio::test"))
}

#[test]
fn every_promise_names_tests_that_exist() {
    let rows = rows(&read("docs/promises.md"));
    let mut offenders = Vec::new();
    for row in &rows {
        assert_eq!(row.len(), 4, "{row:?}");
        let mut proofs = row[3].split(", ").peekable();
        assert!(row.iter().all(|cell| !cell.is_empty()) && proofs.peek().is_some(), "{row:?}");
        for proof in proofs {
            let named = proof.trim_matches('`').split_once("::");
            let (file, name) = named.unwrap_or_else(|| panic!("{proof} is no FILE::TEST"));
            if !has_test(file, name) {
                offenders.push(format!("{}: there is no test {proof}", row[0]));
            }
        }
    }
    assert!(offenders.is_empty(), "\n{}", offenders.join("\n"));
    assert!(rows.len() >= LEAST, "{} rows", rows.len());
}

#[test]
fn a_test_that_is_missing_or_only_a_function_is_noticed() {
    assert!(has_test("tests/promises.rs", "every_promise_names_tests_that_exist"));
    assert!(!has_test("tests/promises.rs", "every_promise_names_tests_that_exis"));
    assert!(!has_test("tests/promises.rs", "rows"));
}

#[test]
fn the_readme_leads_there() {
    assert!(read("README.md").contains("](docs/promises.md)"));
}
