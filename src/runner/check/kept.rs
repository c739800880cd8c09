//! Where things are kept: no two in one file, none inside another, and nothing else there already.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::{Files, Places, mistake};
use crate::config::{Config, Mistake, Sink, SourceKind};
use crate::runner::{buffer, journal};

/// A file that a run writes.
struct Kept {
    path: PathBuf,
    /// Who keeps what there, in words
    owner: String,
    line: usize,
    /// The option that decides about it
    option: String,
}

/// All files that a run of `config` writes to, dead letters last; without `data_dir`, those whose place is known all the same.
fn kept(config: &Config) -> Vec<Kept> {
    let (places, mut all) = (Places::new(config), Vec::new());
    let mut keep = |line: usize, option: String, owner: String, paths: Vec<PathBuf>| {
        all.extend(paths.into_iter().map(|path| Kept {
            path: plain(&path),
            owner: owner.clone(),
            line,
            option: option.clone(),
        }));
    };
    let is_known = config.data_dir.is_some();
    let reads_files = |kind: &SourceKind| is_known && matches!(kind, SourceKind::File(_));
    for (name, source) in config.sources.iter().filter(|(_, it)| reads_files(&it.kind)) {
        let owner = format!("source `{name}` keeps its checkpoints");
        let option = format!("sources.{name}");
        keep(source.line, option, owner, vec![places.checkpoints(name)]);
    }
    for (name, sink) in config.sinks.iter().filter(|_| is_known) {
        if sink.courier.journal.is_some() {
            let files = journal::files(&places.journal(name)).to_vec();
            let owner = format!("sink `{name}` keeps its journal");
            keep(sink.line, format!("sinks.{name}.journal"), owner, files);
        }
        if sink.courier.disk_buffer.is_some() {
            let files = buffer::files_in(&places.buffer(name)).to_vec();
            let owner = format!("sink `{name}` keeps its buffer");
            keep(sink.line, format!("sinks.{name}.buffer"), owner, files);
        }
    }
    let has_letters = |sink: &Sink| is_known || sink.courier.dead_letter.path.is_some();
    for (name, sink) in config.sinks.iter().filter(|(_, sink)| has_letters(sink)) {
        let path = places.dead_letters(name, sink.courier.dead_letter.path.as_deref());
        let owner = format!("sink `{name}` keeps its dead letters");
        keep(sink.line, format!("sinks.{name}.dead_letter.path"), owner, vec![path]);
    }
    all
}

/// As far as it can be told from names: `./a` is `a`.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// Letters cannot be kept where another sink's are, which are locked, nor where something else is written anew; and no file
/// can be where a folder must be.
pub(super) fn shared_files(config: &Config) -> Vec<Mistake> {
    let (all, mut wrong) = (kept(config), Vec::new());
    let mut owners = BTreeMap::<&Path, &str>::new();
    let mut folders = BTreeMap::<&Path, &str>::new();
    for Kept { path, owner, .. } in &all {
        folders.extend(path.ancestors().skip(1).map(|folder| (folder, owner.as_str())));
    }
    for Kept { path, owner, line, option } in &all {
        let problem = match (owners.get(path.as_path()), folders.get(path.as_path())) {
            (Some(other), _) => format!("{other} in {} already", path.display()),
            (None, Some(other)) => {
                format!("{} must be a folder, {other} within", path.display())
            }
            (None, None) => {
                owners.insert(path, owner);
                continue;
            }
        };
        wrong.push(mistake(*line, option.clone(), problem, "choose another"));
    }
    wrong
}

/// Looks at what is there by now: folders where files are to be, files where folders are, and two names of one file. Blocks on
/// the disk.
pub(super) fn look(config: &Config, found: &mut Files) {
    if let Some(data) = &config.data_dir
        && let Some(file) = no_folder(data)
    {
        let message = format!("{} is no folder", file.display());
        let remedy = "set it to a folder, which need not be there yet";
        found.wrong.push(mistake(1, "data_dir".to_owned(), message, remedy));
        return;
    }
    let mut owners = BTreeMap::<PathBuf, Kept>::new();
    for kept in kept(config) {
        let Kept { path, line, option, .. } = &kept;
        let mut wrong = |message: String, remedy: &str| {
            found.wrong.push(mistake(*line, option.clone(), message, remedy));
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(file) = folder.and_then(no_folder) {
            let message =
                format!("{} is no folder, so {} cannot be in it", file.display(), path.display());
            wrong(message, "move what is there, or choose another");
        } else if path.metadata().is_ok_and(|there| !there.is_file()) {
            wrong(
                format!("{} is no file", path.display()),
                "move what is there, or choose another",
            );
        } else if let Ok(real) = path.canonicalize() {
            match owners.get(&real) {
                Some(other) => wrong(
                    format!(
                        "{} is {}, where {}",
                        path.display(),
                        other.path.display(),
                        other.owner
                    ),
                    "choose another",
                ),
                None => drop(owners.insert(real, kept)),
            }
        }
    }
}

/// What there is of `folder` and around it, where that is no folder.
fn no_folder(folder: &Path) -> Option<&Path> {
    let there = folder.ancestors().find(|it| it.symlink_metadata().is_ok())?;
    (!there.is_dir()).then_some(there)
}
