//! What everything that reads a configuration shares: the text, the environment, the mistakes found so far.

use std::borrow::Cow;
use std::cell::RefCell;
#[cfg(test)]
use std::collections::{BTreeMap, BTreeSet};

use toml_span::value::ValueInner;

use super::block::Block;
use super::interpolate::interpolate;
use super::mistake::share_texts;
use super::{Mistake, Texts};

/// Reads one text. Mistakes are collected, so that reading goes on after each.
pub(super) struct Reader<'a> {
    text: &'a str,
    environment: &'a dyn Fn(&str) -> Option<String>,
    /// Whether keys matter to whoever reads
    pub(super) wants_keys: bool,
    mistakes: RefCell<Vec<Mistake>>,
    /// Every option that was asked for, by path, with what may be chosen: a test holds `production.toml` to it.
    #[cfg(test)]
    pub(super) known: RefCell<BTreeMap<String, BTreeSet<&'static str>>>,
}

/// Where something stands: the option's path and the byte it starts at.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, environment: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            text,
            environment,
            wants_keys: true,
            mistakes: RefCell::default(),
            #[cfg(test)]
            known: RefCell::default(),
        }
    }

    /// A reader that neither looks at keys nor misses them.
    pub(super) fn without_keys(
        text: &'a str,
        environment: &'a dyn Fn(&str) -> Option<String>,
    ) -> Self {
        Self { wants_keys: false, ..Self::new(text, environment) }
    }

    /// Parses the text and gives its top level to `read`, which gives nothing only where it noted a mistake. The mistakes
    /// found, if there are any, are the result.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&mut Block<'_>) -> Option<T>,
    ) -> Result<T, Vec<Mistake>> {
        match self.read_partly(read) {
            (Some(result), mistakes) if mistakes.is_empty() => Ok(result),
            (_, mistakes) => Err(mistakes),
        }
    }

    /// The same, giving what could be read together with the mistakes.
    pub(super) fn read_partly<T>(
        &self,
        read: impl FnOnce(&mut Block<'_>) -> Option<T>,
    ) -> (Option<T>, Vec<Mistake>) {
        let result = match toml_span::parse(self.text) {
            Ok(mut value) => match value.take() {
                ValueInner::Table(members) => {
                    let mut block = Block::new(self, Place::top(), members);
                    let result = read(&mut block);
                    block.finish();
                    result
                }
                ValueInner::String(_)
                | ValueInner::Integer(_)
                | ValueInner::Float(_)
                | ValueInner::Boolean(_)
                | ValueInner::Array(_) => None,
            },
            Err(error) => {
                let at = error.span.start;
                let path = String::new();
                let message = format!("not valid TOML: {error}");
                // Security: of such a line it is not known what stands where, and a key is easily misquoted.
                self.mistake_in(&Place { path, at }, Texts::Secret, message, None);
                None
            }
        };
        let mut mistakes = self.mistakes.take();
        share_texts(&mut mistakes);
        (result, mistakes)
    }

    /// Notes that there is an option at `place`, and what it may be if that is a choice.
    #[cfg(test)]
    pub(super) fn knows(&self, place: &Place, choices: impl Iterator<Item = &'static str>) {
        self.known.borrow_mut().entry(place.path.clone()).or_default().extend(choices);
    }

    pub(super) fn mistake(&self, place: &Place, message: String, remedy: Option<String>) {
        self.mistake_in(place, Texts::Plain, message, remedy);
    }

    /// The same, of a line whose texts are known to be such.
    pub(super) fn mistake_in(
        &self,
        place: &Place,
        texts: Texts,
        message: String,
        remedy: Option<String>,
    ) {
        let (line, column) = self.position(place.at);
        let path = place.path.clone();
        let mistake = Mistake { path, line, column, message, remedy, texts };
        self.mistakes.borrow_mut().push(mistake);
    }

    /// How many mistakes there are by now.
    pub(super) fn mistakes(&self) -> usize {
        self.mistakes.borrow().len()
    }

    /// The value of a variable that is not empty.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name).filter(|value| !value.is_empty())
    }

    /// `text`, which is of that kind, with its variables replaced.
    pub(super) fn interpolated<'t>(
        &self,
        place: &Place,
        texts: Texts,
        text: &'t str,
    ) -> Option<Cow<'t, str>> {
        interpolate(text, self.environment)
            .map_err(|error| self.mistake_in(place, texts, error.to_string(), error.remedy()))
            .ok()
    }

    /// Where the string begins whose content begins at `at`.
    pub(super) fn opening_quote(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.trim_end_matches(['"', '\'']).len()
    }

    /// Line and column, both from 1.
    pub(super) fn position(&self, at: usize) -> (usize, usize) {
        let end = (0..=at.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at));
        let before = end.and_then(|end| self.text.get(..end)).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default();
        (line, column.chars().count() + 1)
    }
}

impl Place {
    fn top() -> Self {
        Self { path: String::new(), at: 0 }
    }

    /// The place of the option `name` below this one.
    pub(super) fn member(&self, name: &str, at: usize) -> Self {
        let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let name = if !name.is_empty() && name.chars().all(is_bare) {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(format!("{name:?}"))
        };
        let path = match self.path.as_str() {
            "" => name.into_owned(),
            path => format!("{path}.{name}"),
        };
        Self { path, at }
    }

    /// The place of an array's element.
    pub(super) fn element(&self, index: usize, at: usize) -> Self {
        Self { path: format!("{}[{index}]", self.path), at }
    }
}
