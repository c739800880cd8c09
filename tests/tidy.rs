//! Rules of the repository that no compiler checks. Each failure names file, line and offender.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules in the order `src/lib.rs` declares them.
fn the_list() -> Vec<String> {
    let lib = read(Path::new("src/lib.rs"));
    let modules = lib.lines().filter_map(|line| line.strip_prefix("pub mod "));
    modules.filter_map(|rest| rest.strip_suffix(';')).map(str::to_owned).collect()
}

fn read(path: &Path) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All Rust files below `directory`, relative to the manifest.
fn rust_files(directory: &str) -> Vec<PathBuf> {
    let (mut files, mut open) = (Vec::new(), vec![PathBuf::from(directory)]);
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder)) else {
            continue;
        };
        for entry in entries {
            let path = folder.join(entry.expect("a folder can be listed").file_name());
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The stage a file belongs to: the first part of its path below `src`.
fn stage(file: &Path) -> Option<String> {
    let part = file.strip_prefix("src").ok()?.components().next()?;
    Some(part.as_os_str().to_str()?.trim_end_matches(".rs").to_owned())
}

/// Each line with its number, comments left out.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The code of a file, each `use` on one line with the number of its first.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut statements: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (number, line) in code(text) {
        match statements.last_mut().filter(|_| is_open) {
            Some((_, statement)) => statement.push_str(line.trim()),
            None => statements.push((number, line.to_owned())),
        }
        let begins =
            line.trim_start().starts_with("use ") || line.trim_start().starts_with("pub use ");
        is_open = (is_open || begins) && !line.contains(';');
    }
    statements
}

/// The modules of the list that a line names: `crate::name`, also within `crate::{a, b::c}`.
fn named(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (_, rest) in
        line.match_indices("crate::").map(|(at, found)| line.split_at(at + found.len()))
    {
        match rest.strip_prefix('{') {
            None => names.push(rest),
            Some(list) => names.extend(list.split(',')),
        }
    }
    let word = |name: &str| {
        let end = name.trim_start().find(|c: char| !c.is_alphanumeric() && c != '_');
        let name = name.trim_start();
        end.map_or(name, |end| name.split_at(end).0).to_owned()
    };
    names.into_iter().map(word).collect()
}

#[test]
fn imports_go_up_the_list() {
    let list = the_list();
    let position = |name: &str| list.iter().position(|module| module == name);
    let mut offenders = Vec::new();
    for file in rust_files("src") {
        let Some(own) = stage(&file).and_then(|stage| position(&stage)) else {
            continue;
        };
        // Tests at the foot of a file may look wherever they like.
        let text = read(&file);
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        if file.ends_with("tests.rs")
            || file.ends_with("testing.rs")
            || file.components().any(|part| part.as_os_str() == "tests")
        {
            continue;
        }
        for (number, line) in statements(text) {
            for name in named(&line) {
                if position(&name).is_some_and(|other| other > own) {
                    offenders.push(format!(
                        "{}:{number}: uses `{name}`, which is declared below",
                        file.display()
                    ));
                }
            }
        }
    }
    assert!(!list.is_empty() && offenders.is_empty(), "\n{}", offenders.join("\n"));
}

#[test]
fn words_and_pure_stages_know_no_world() {
    const PURE: [&str; 6] = ["json", "event", "courier", "ingest", "plan", "batch"];
    const WORLD: [&str; 9] = [
        "tokio::",
        "tower::",
        "futures::",
        "http::",
        "hyper",
        "std::time::Instant",
        "SystemTime",
        "fastrand",
        "std::env",
    ];
    let mut offenders = Vec::new();
    for file in rust_files("src") {
        if stage(&file).is_none_or(|stage| !PURE.contains(&stage.as_str())) {
            continue;
        }
        for (number, line) in code(&read(&file)) {
            for world in WORLD.iter().filter(|world| line.contains(*world)) {
                offenders.push(format!("{}:{number}: knows `{world}`", file.display()));
            }
        }
    }
    assert!(offenders.is_empty(), "\n{}", offenders.join("\n"));
}

#[test]
fn the_stack_knows_neither_http_nor_finalizers() {
    let mut offenders = Vec::new();
    let is_tests = |file: &PathBuf| file.ends_with("testing.rs") || file.ends_with("tests.rs");
    for file in rust_files("src/delivery").into_iter().filter(|file| !is_tests(file)) {
        for (number, line) in code(&read(&file)) {
            for word in ["http::", "hyper", "finalization", "Box<dyn Error", "Box<dyn std::error"] {
                if line.contains(word) {
                    offenders.push(format!("{}:{number}: knows `{word}`", file.display()));
                }
            }
        }
    }
    assert!(offenders.is_empty(), "\n{}", offenders.join("\n"));
}

#[test]
fn only_one_file_opens_connections() {
    let opens = |text: &str| {
        ["HttpConnector", "TcpStream", "TcpSocket"].iter().any(|word| text.contains(word))
    };
    let files: Vec<_> =
        rust_files("src/transport").into_iter().filter(|file| opens(&read(file))).collect();
    assert_eq!(files, [PathBuf::from("src/transport/connect.rs")]);
}

#[test]
fn the_library_neither_spawns_nor_logs_to_a_console() {
    let mut offenders = Vec::new();
    for file in rust_files("src") {
        let stage = stage(&file).unwrap_or_default();
        if ["runner", "cli", "emulator", "main"].contains(&stage.as_str()) {
            continue;
        }
        let text = read(&file);
        let text = text.split("#[cfg(test)]").next().unwrap();
        for (number, line) in code(text) {
            for word in ["tokio::spawn", "println!", "eprintln!", "std::env::", "process::exit"] {
                if line.contains(word) && !file.ends_with("tests.rs") {
                    offenders.push(format!("{}:{number}: `{word}`", file.display()));
                }
            }
        }
    }
    assert!(offenders.is_empty(), "\n{}", offenders.join("\n"));
}

#[test]
fn every_file_says_what_it_is_and_stays_small() {
    const LONGEST: usize = 300;
    let mut offenders = Vec::new();
    for file in ["src", "tests", "benches"].into_iter().flat_map(rust_files) {
        let text = read(&file);
        if !text.starts_with("//!") {
            offenders.push(format!("{}:1: does not begin with `//!`", file.display()));
        }
        let length = text.lines().count();
        if length > LONGEST && !text.contains("//! Long because") {
            offenders.push(format!(
                "{}: {length} lines and no `Long because` at its top",
                file.display()
            ));
        }
    }
    assert!(offenders.is_empty(), "\n{}", offenders.join("\n"));
}

#[test]
fn exceptions_to_lints_have_reasons() {
    let mut offenders = Vec::new();
    for file in ["src", "tests", "benches"].into_iter().flat_map(rust_files) {
        let text = read(&file);
        for (at, rest) in ["#[expect(", "#[allow(", "#![expect(", "#![allow("]
            .into_iter()
            .flat_map(|attribute| text.match_indices(attribute))
        {
            let (_, attribute) = text.split_at(at);
            let attribute = attribute.split(")]").next().unwrap();
            if !attribute.contains("reason") && !file.ends_with("tidy.rs") {
                let line = text.split_at(at).0.lines().count() + 1;
                offenders.push(format!("{}:{line}: `{rest}` without a reason", file.display()));
            }
        }
    }
    assert!(offenders.is_empty(), "\n{}", offenders.join("\n"));
}

#[test]
fn every_example_is_named_in_the_readme() {
    let readme = read(Path::new("README.md"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config-examples");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(readme.contains(&name), "config-examples/{name} is not named in README.md");
    }
}

#[test]
fn the_readme_has_no_placeholders() {
    let readme = read(Path::new("README.md"));
    for (number, line) in readme.lines().enumerate() {
        let is_placeholder =
            |word: &str| word.ends_with("_TABLE") || word == "TODO" || word == "TBD";
        assert!(!line.split_whitespace().any(is_placeholder), "README.md:{}: {line}", number + 1);
    }
}
