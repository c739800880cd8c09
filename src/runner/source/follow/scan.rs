//! Looks at the globs: which files are new, renamed, gone, heirs of those that are gone, or only copies.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::look::Look;
use super::watched::Watched;
use super::{Follower, Settings};
use crate::config::{FileOrder, ReadFrom};
use crate::runner::checkpoint::{Claim, Found};
use crate::runner::source::framing::Place;
use crate::runner::source::stat::Stat;
use crate::runner::source::{SourceError, open, paths};

/// For how long after the last write a packed file that breaks off is taken for one that is being written.
const PACKED_WITHIN: Duration = Duration::from_secs(60);

impl Follower {
    /// Finds what is there now, and tells what stood in the way.
    pub(super) fn scan(&mut self, now: Instant) -> Vec<SourceError> {
        let is_first = self.next_scan.is_none();
        let source = &self.settings.source;
        let (paths, mut problems) = paths::find(&source.include, &source.exclude);
        problems.retain(|problem| {
            let is_empty = matches!(problem, SourceError::NoMatch { .. });
            if is_empty && is_first {
                tracing::warn!("{problem} yet");
            }
            !is_empty
        });
        let mut there = Vec::new();
        for path in paths {
            match Stat::of(&path) {
                // Security: reading a pipe would never end, and keep all others waiting.
                Ok(stat) if stat.is_file => there.push((path, stat)),
                Ok(_) => tracing::debug!(path = %path.display(), "not a file"),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => problems.push(SourceError::Open { path, error }),
            }
        }
        // With a folder that is away for a while, its checkpoints must not go.
        let is_whole = problems.is_empty();
        let candidates = self.sort_out(there, now);
        let fresh = self.look_into(candidates, now, &mut problems);
        self.adopt(fresh, is_first, &mut problems);
        if is_whole {
            self.settings.checkpoints.forget_the_gone();
        }
        problems
    }

    /// Finds the files that are followed among what is there, and gives the others.
    fn sort_out(&mut self, there: Vec<(PathBuf, Stat)>, now: Instant) -> Vec<(PathBuf, Stat)> {
        let mut names = HashMap::new();
        for (path, stat) in there {
            names.entry(stat.id.clone()).or_insert_with(Vec::new).push((path, stat));
        }
        for watched in self.watched.iter_mut().filter(|it| !it.is_lost()) {
            let known = names.get_mut(&watched.stat.id).map(|links| {
                links.extract_if(.., |(_, stat)| watched.is_still(stat)).collect::<Vec<_>>()
            });
            let known = known.unwrap_or_default();
            let own = known.iter().find(|(path, _)| *path == watched.path).or(known.first());
            match own {
                Some((path, _)) => watched.rename(path.clone(), &self.settings.checkpoints),
                None => {
                    watched.gone_since.get_or_insert(now);
                }
            }
        }
        let mut others: Vec<_> = names.into_values().flatten().collect();
        others.sort_by(|(one, _), (other, _)| one.cmp(other));
        others
    }

    /// Looks into files that are not followed. An heir is from now on, a copy is noted; the others are given back.
    pub(super) fn look_into(
        &mut self,
        candidates: Vec<(PathBuf, Stat)>,
        now: Instant,
        problems: &mut Vec<SourceError>,
    ) -> Vec<(Stat, Look)> {
        let mut before = std::mem::take(&mut self.copies);
        let (mut lives, mut fresh) = (None, Vec::new());
        let (limit, time) = (self.settings.source.ignore_older, self.settings.clock.now());
        for (path, stat) in candidates {
            if stat.length == 0 || stat.is_older_than(limit, time) {
                continue;
            }
            let known = before.remove(&path).filter(|(at, _)| *at == stat);
            if let Some((_, number)) = known
                && self.watched.iter().any(|it| it.number() == Some(number) && is_live(it))
            {
                self.copies.insert(path, (stat, number));
                continue;
            }
            let look = match Look::of(&path) {
                Ok(look) => look,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(_)
                    if open::is_gzip(&path) && !stat.is_older_than(Some(PACKED_WITHIN), time) =>
                {
                    continue;
                }
                // What there is can be read; whoever does runs into the rest, and tells.
                Err(_) => match Look::of_broken(&path) {
                    Ok(look) => look,
                    Err(error) => {
                        problems.push(SourceError::Open { path, error });
                        continue;
                    }
                },
            };
            if look.head.is_empty() {
                continue;
            }
            if !self.has_inherited(&look, &stat, problems) {
                let lives = lives.get_or_insert_with(|| lives_of(&self.watched));
                if let Some((number, _)) = lives.iter().find(|(_, it)| look.is_copy_of(it)) {
                    self.copies.insert(path, (stat, *number));
                    continue;
                }
                // What it is a copy of may have gone while they were compared.
                self.look_for_the_gone(now);
                if !self.has_inherited(&look, &stat, problems) {
                    fresh.push((stat, look));
                }
            }
        }
        fresh
    }

    /// Whether the file goes on where one that is gone was left.
    fn has_inherited(&mut self, look: &Look, stat: &Stat, problems: &mut Vec<SourceError>) -> bool {
        let heirs = self.watched.iter_mut().filter(|it| it.has_heir(look));
        let Some(gone) = heirs.max_by_key(|it| it.read()) else { return false };
        let path = look.path.clone();
        if let Err(error) = gone.go_on_in(path.clone(), stat.clone(), &self.settings.checkpoints) {
            problems.push(SourceError::Open { path, error });
        }
        true
    }

    /// Notes which files have gone, or are cut off, since they were last looked at.
    fn look_for_the_gone(&mut self, now: Instant) {
        for watched in self.watched.iter_mut().filter(|it| is_live(it)) {
            let stat = Stat::of(&watched.path);
            let is_there = stat.is_ok_and(|it| it.id == watched.stat.id && watched.is_still(&it));
            // One that cannot be looked at is told in the next round.
            let is_known = watched.check(&self.settings.progress).is_ok();
            if is_known && (!is_there || watched.is_lost()) {
                watched.gone_since = Some(now);
            }
        }
    }

    /// Follows files from their checkpoints on, or from where they begin.
    fn adopt(
        &mut self,
        mut fresh: Vec<(Stat, Look)>,
        is_first: bool,
        problems: &mut Vec<SourceError>,
    ) {
        let Settings { source, follow, max_bytes, checkpoints, progress, .. } = &self.settings;
        let found = fresh.iter().map(|(_, look)| look.found()).collect::<Vec<_>>();
        let claims = checkpoints.claim(&found, &open::tail);
        let mut claimed: Vec<_> = fresh.drain(..).zip(claims).collect();
        match source.order {
            FileOrder::Oldest => claimed.sort_by(|((one, a), _), ((other, b), _)| {
                Stat::by_age((one, &a.path), (other, &b.path))
            }),
            FileOrder::Path => {}
        }
        let copies = copies_among(&claimed);
        for (((stat, look), claim), copy_of) in claimed.into_iter().zip(copies) {
            if let Some(number) = copy_of {
                checkpoints.release(claim.kept);
                self.copies.insert(look.path, (stat, number));
                continue;
            }
            let is_passed_over =
                is_first && follow.read_from == ReadFrom::End && checkpoints.is_first_run();
            progress.expect(stat.length);
            let opened = Watched::open(look.found(), stat, claim, checkpoints, *max_bytes);
            let opened = opened.and_then(|mut watched| {
                if is_passed_over {
                    watched.pass_over(checkpoints, progress)?;
                }
                Ok(watched)
            });
            match opened {
                Ok(watched) => {
                    tracing::info!(path = %look.path.display(), "file is followed");
                    self.watched.push(watched);
                }
                Err(error) => {
                    checkpoints.release(claim.kept);
                    problems.push(SourceError::Open { path: look.path, error });
                }
            }
        }
    }
}

fn is_live(watched: &Watched) -> bool {
    watched.gone_since.is_none() && !watched.is_lost()
}

/// What those that are there hold, with the numbers of their checkpoints.
fn lives_of(watched: &[Watched]) -> Vec<(u64, Look)> {
    let lives = watched.iter().filter(|it| is_live(it));
    lives.filter_map(|it| Some((it.number()?, it.look().ok()?))).collect()
}

/// Of files that are found at once, which are copies of which: of one that was read before, or else of the first.
fn copies_among(files: &[((Stat, Look), Claim)]) -> Vec<Option<u64>> {
    let is_new = |claim: &Claim| claim.start == Place::START;
    let mut originals: Vec<_> = files.iter().filter(|(_, claim)| !is_new(claim)).collect();
    let mut copies = Vec::new();
    for file in files {
        let ((_, look), claim) = file;
        let mut others = originals.iter().filter(|_| is_new(claim));
        let original = others.find(|((_, other), _)| look.is_copy_of(other));
        copies.push(original.map(|(_, claim)| claim.kept.number));
        if original.is_none() && is_new(claim) {
            originals.push(file);
        }
    }
    copies
}

impl Look {
    fn found(&self) -> Found {
        Found { path: self.path.clone(), head: self.head.clone() }
    }
}
