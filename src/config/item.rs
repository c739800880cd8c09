//! One value being read: its type and range are checked, and what it was is said where it is wrong.

use std::num::NonZeroU64;
use std::time::Duration;

use toml_span::value::{Table, ValueInner};

use super::Texts;
use super::block::Block;
use super::mistake::{listed, nearest};
use super::reader::{Place, Reader};

/// The longest time that can be configured. A year; more could overflow the clock it is added to.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Security: no more than this many characters of a value enter a mistake.
const SHOWN: usize = 60;

/// A value and its place.
pub(super) struct Item<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) place: Place,
    pub(super) value: ValueInner<'a>,
    texts: Texts,
}

impl<'a> Item<'a> {
    pub(super) fn new(reader: &'a Reader<'a>, place: Place, value: ValueInner<'a>) -> Self {
        Self { reader, place, value, texts: Texts::Plain }
    }

    /// The same item, of whose value only the type enters mistakes, which say that its line may hold a secret.
    pub(super) fn secret(self) -> Self {
        Self { texts: Texts::Secret, ..self }
    }

    /// The same item, which should be the path of a file that holds a secret. Security: where it is no text, it may be the
    /// secret itself.
    pub(super) fn path_of_secret(self) -> Self {
        if matches!(self.value, ValueInner::String(_)) { self } else { self.secret() }
    }

    /// What the value is, as written: variables are not replaced, so that their values stay out of mistakes.
    fn found(&self) -> String {
        let (kind, shown) = match &self.value {
            ValueInner::String(text) => ("string", quoted(text)),
            ValueInner::Integer(number) => ("integer", number.to_string()),
            ValueInner::Float(number) => ("float", format!("{number:?}")),
            ValueInner::Boolean(flag) => ("boolean", flag.to_string()),
            ValueInner::Array(_) => return "an array".to_owned(),
            ValueInner::Table(_) => return "a table".to_owned(),
        };
        if self.texts == Texts::Secret {
            let article = if kind == "integer" { "an" } else { "a" };
            return format!("{article} {kind}");
        }
        format!("the {kind} {shown}")
    }

    /// Notes a mistake about this value.
    pub(super) fn refuse(&self, message: impl Into<String>) {
        self.reader.mistake_in(&self.place, self.texts, message.into(), None);
    }

    /// Notes a mistake about this value, and what to do about it.
    pub(super) fn refuse_with(&self, message: impl Into<String>, remedy: impl Into<String>) {
        self.reader.mistake_in(&self.place, self.texts, message.into(), Some(remedy.into()));
    }

    /// Notes that the value is not what was `expected`.
    pub(super) fn unexpected(&self, expected: &str) {
        self.refuse(format!("expected {expected}, was {}", self.found()));
    }

    /// A text that is not empty, its variables replaced.
    pub(super) fn text(&self) -> Option<String> {
        let ValueInner::String(written) = &self.value else {
            self.unexpected("a string");
            return None;
        };
        let text = self.reader.interpolated(&self.place, self.texts, written)?;
        if text.is_empty() {
            self.refuse("must not be empty");
            return None;
        }
        Some(text.into_owned())
    }

    /// A text that `parse` makes something of.
    pub(super) fn parsed<T, E: std::fmt::Display>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        parse(&self.text()?).map_err(|error| self.refuse(error.to_string())).ok()
    }

    /// Any of `choices`, by name.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&'static str, T)]) -> Option<T> {
        let names = || choices.iter().map(|(name, _)| *name);
        #[cfg(test)]
        self.reader.knows(&self.place, names());
        if !matches!(&self.value, ValueInner::String(_)) {
            self.unexpected(&listed(names()));
            return None;
        }
        let text = self.text()?;
        let choice = choices.iter().find(|(name, _)| *name == text);
        if choice.is_none() {
            let message = format!("expected {}, was {}", listed(names()), self.found());
            match nearest(&text, names()) {
                Some(nearest) => {
                    self.refuse_with(message, format!("did you mean `{nearest}`?"));
                }
                None => self.refuse(message),
            }
        }
        choice.map(|(_, choice)| *choice)
    }

    pub(super) fn flag(&self) -> Option<bool> {
        if let ValueInner::Boolean(flag) = &self.value {
            return Some(*flag);
        }
        self.unexpected("a boolean");
        None
    }

    /// A whole number between 1 and `most`.
    pub(super) fn count<N: TryFrom<NonZeroU64>>(&self, most: i64) -> Option<N> {
        let number = NonZeroU64::new(self.number(1, most)?)?;
        let count = N::try_from(number).ok();
        if count.is_none() {
            self.refuse("is more than this machine can count to");
        }
        count
    }

    /// A whole number between `least`, which is not negative, and `most`.
    pub(super) fn number(&self, least: i64, most: i64) -> Option<u64> {
        let range = match most {
            i64::MAX => format!("at least {least}"),
            _ => format!("between {least} and {most}"),
        };
        let ValueInner::Integer(number) = self.value else {
            self.unexpected(&format!("an integer, {range}"));
            return None;
        };
        if !(least..=most).contains(&number) {
            self.refuse(format!("must be {range}, was {number}"));
            return None;
        }
        u64::try_from(number).ok()
    }

    /// A time in seconds, whole or not, more than none.
    pub(super) fn seconds(&self) -> Option<Duration> {
        let time = match self.value {
            ValueInner::Integer(seconds) => u64::try_from(seconds).ok().map(Duration::from_secs),
            ValueInner::Float(seconds) => Duration::try_from_secs_f64(seconds).ok(),
            ValueInner::String(_)
            | ValueInner::Boolean(_)
            | ValueInner::Array(_)
            | ValueInner::Table(_) => {
                self.unexpected("a number of seconds");
                return None;
            }
        };
        let checked = time.filter(|time| !time.is_zero() && *time <= LONGEST);
        if checked.is_none() {
            self.refuse(format!(
                "must be more than 0 and at most {} (a year), was {}",
                LONGEST.as_secs(),
                self.found()
            ));
        }
        checked
    }

    /// The elements of an array, which are as secret as it is.
    pub(super) fn elements(self) -> Option<Vec<Item<'a>>> {
        let ValueInner::Array(elements) = self.value else {
            self.unexpected("an array");
            return None;
        };
        let (reader, place, texts) = (self.reader, self.place, self.texts);
        let items = elements.into_iter().enumerate().map(|(index, mut value)| {
            let start = value.span.start;
            let value = value.take();
            let start = match &value {
                ValueInner::String(_) => reader.opening_quote(start),
                ValueInner::Integer(_)
                | ValueInner::Float(_)
                | ValueInner::Boolean(_)
                | ValueInner::Array(_)
                | ValueInner::Table(_) => start,
            };
            Item { texts, ..Item::new(reader, place.element(index, start), value) }
        });
        Some(items.collect())
    }

    /// A list of texts, none of them empty or there twice. Wrong ones are left out.
    pub(super) fn texts(self) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        for item in self.elements()? {
            let Some(text) = item.text() else { continue };
            if texts.contains(&text) {
                item.refuse("is there twice");
            } else {
                texts.push(text);
            }
        }
        Some(texts)
    }

    /// The same, with at least one text in it.
    pub(super) fn some_texts(self) -> Option<Vec<String>> {
        if self.value.as_array().is_some_and(Vec::is_empty) {
            self.refuse("must not be empty");
            return None;
        }
        self.texts()
    }

    /// A table that `read` reads.
    pub(super) fn table<T>(self, read: impl FnOnce(&mut Block<'a>) -> T) -> Option<T> {
        let (reader, place) = (self.reader, self.place.clone());
        let mut block = Block::new(reader, place, self.members()?);
        let result = read(&mut block);
        block.finish();
        Some(result)
    }

    /// The members of a table.
    pub(super) fn members(self) -> Option<Table<'a>> {
        self.members_or("a table")
    }

    /// The members of a table, where `expected` says what else it may be.
    pub(super) fn members_or(self, expected: &str) -> Option<Table<'a>> {
        if let ValueInner::Table(members) = self.value {
            return Some(members);
        }
        // Security: what stands where a block belongs may be a key, a level too high.
        self.secret().unexpected(expected);
        None
    }
}

fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN).collect();
    let rest = if shown.len() < text.len() { "…" } else { "" };
    format!("{shown:?}{rest}")
}
