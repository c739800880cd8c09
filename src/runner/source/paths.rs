//! Globs to the files they name, sorted. Looks at names only, never into files.

use std::collections::BTreeSet;
use std::path::PathBuf;

use glob::Pattern;

use super::SourceError;

/// The files that match a pattern of `include` and none of `exclude`, sorted by path, and what stood in the way.
/// Folders are passed over. Relative patterns start at the working directory.
pub(in crate::runner) fn find(
    include: &[String],
    exclude: &[String],
) -> (Vec<PathBuf>, Vec<SourceError>) {
    let mut problems = Vec::new();
    let mut pattern_problem = |pattern: &str, error| {
        problems.push(SourceError::Pattern { pattern: pattern.to_owned(), error });
    };
    let mut excluded = Vec::new();
    for pattern in exclude {
        match Pattern::new(pattern) {
            Ok(pattern) => excluded.push(pattern),
            Err(error) => pattern_problem(pattern, error),
        }
    }
    let mut included = Vec::new();
    for pattern in include {
        match glob::glob(pattern) {
            Ok(paths) => included.push((pattern, paths)),
            Err(error) => pattern_problem(pattern, error),
        }
    }
    let mut files = BTreeSet::new();
    for (pattern, paths) in included {
        let mut is_matched = false;
        for path in paths {
            match path {
                Ok(path) if path.is_dir() => {}
                Ok(path) => {
                    is_matched = true;
                    if !excluded.iter().any(|pattern| pattern.matches_path(&path)) {
                        files.insert(path);
                    }
                }
                Err(error) => {
                    is_matched = true;
                    problems.push(SourceError::Open {
                        path: error.path().to_owned(),
                        error: error.into(),
                    });
                }
            }
        }
        if !is_matched {
            let pattern = pattern.clone();
            problems.push(SourceError::NoMatch { pattern });
        }
    }
    (files.into_iter().collect(), problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn included_files_are_sorted_and_excluded_ones_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.json", "a.json", "a.bad.json", "c.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("d.json")).unwrap();
        let glob = |name: &str| format!("{}/{name}", folder.path().display());
        let (files, problems) =
            find(&[glob("*.json"), glob("a*"), glob("*.xml"), glob("[")], &[glob("*.bad.*")]);
        assert_eq!(files, [folder.path().join("a.json"), folder.path().join("b.json")]);
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("cannot be used as a glob"));
        assert!(problems[1].contains("no file matches") && problems[1].contains("*.xml"));
    }
}
