//! One table being read: members are taken by name, and what nobody took is unknown.

use std::num::NonZeroU64;
use std::time::Duration;

use toml_span::value::{Table, ValueInner};

use super::item::Item;
use super::mistake::nearest;
use super::reader::{Place, Reader};

/// A table. Wherever a value is wrong the mistake is noted and the default stands in, since nothing will be made of a
/// configuration with mistakes.
pub(super) struct Block<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) place: Place,
    members: Table<'a>,
    known: Vec<&'static str>,
}

impl<'a> Block<'a> {
    pub(super) fn new(reader: &'a Reader<'a>, place: Place, members: Table<'a>) -> Self {
        Self { reader, place, members, known: Vec::new() }
    }

    /// Notes a mistake about the table as a whole.
    pub(super) fn refuse(&self, message: impl Into<String>, remedy: impl Into<String>) {
        self.reader.mistake(&self.place, message.into(), Some(remedy.into()));
    }

    /// Whether there is a member `name` that nobody took.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// The member `name`, which is known from now on.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Item<'a>> {
        self.known.push(name);
        #[cfg(test)]
        self.reader.knows(&self.place.member(name, 0), std::iter::empty());
        let (key, mut value) = self.members.remove_entry(name)?;
        let place = self.place.member(name, key.span.start);
        Some(Item::new(self.reader, place, value.take()))
    }

    /// The member `name`; a mistake where there is none.
    pub(super) fn required(&mut self, name: &'static str, remedy: &str) -> Option<Item<'a>> {
        let item = self.take(name);
        if item.is_none() {
            self.missing(name, remedy);
        }
        item
    }

    /// Notes that `name` is missing.
    pub(super) fn missing(&self, name: &str, remedy: &str) {
        let place = self.place.member(name, self.place.at);
        self.reader.mistake(&place, "is missing".to_owned(), Some(remedy.to_owned()));
    }

    /// All members with their names, in the order of the text.
    pub(super) fn take_all(&mut self) -> Vec<(String, Item<'a>)> {
        let mut all: Vec<_> = std::mem::take(&mut self.members).into_iter().collect();
        all.sort_by_key(|(key, _)| key.span.start);
        all.into_iter()
            .map(|(key, mut value)| {
                let place = self.place.member(&key.name, key.span.start);
                let item = Item::new(self.reader, place, value.take());
                (key.name.into_owned(), item)
            })
            .collect()
    }

    /// Notes every member that nobody took.
    pub(super) fn finish(mut self) {
        let known = std::mem::take(&mut self.known);
        for (name, item) in self.take_all() {
            let remedy = match nearest(&name, known.iter().copied()) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("known here: `{}`", known.join("`, `")),
            };
            // Security: it may be a secret's, misspelt or a level too high.
            item.secret().refuse_with("unknown option", remedy);
        }
    }

    /// Reads the table `name` with `read`; where there is none, an empty one.
    pub(super) fn table<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Block<'a>) -> T,
    ) -> T {
        match self.take(name) {
            Some(item) if matches!(item.value, ValueInner::Table(_)) => item,
            item => {
                if let Some(item) = item {
                    item.secret().unexpected("a table");
                }
                let place = self.place.member(name, self.place.at);
                Item::new(self.reader, place, ValueInner::Table(Table::new()))
            }
        }
        .table(read)
        .expect("the item is a table on either way here")
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        self.take(name)?.text()
    }

    /// Any of `choices`.
    pub(super) fn choice<T: Copy + Default>(
        &mut self,
        name: &'static str,
        choices: &[(&'static str, T)],
    ) -> T {
        self.take(name).and_then(|item| item.choice(choices)).unwrap_or_default()
    }

    /// A boolean.
    pub(super) fn flag(&mut self, name: &'static str, default: bool) -> bool {
        self.take(name).and_then(|item| item.flag()).unwrap_or(default)
    }

    /// A time in seconds, whole or not, more than none.
    pub(super) fn seconds(&mut self, name: &'static str, default: Duration) -> Duration {
        self.take(name).and_then(|item| item.seconds()).unwrap_or(default)
    }

    /// A whole number between 1 and `most`.
    pub(super) fn count<N: TryFrom<NonZeroU64>>(
        &mut self,
        name: &'static str,
        most: i64,
        default: N,
    ) -> N {
        self.take(name).and_then(|item| item.count(most)).unwrap_or(default)
    }

    /// A list of texts, none of them empty.
    pub(super) fn texts(&mut self, name: &'static str) -> Vec<String> {
        self.take(name).and_then(Item::texts).unwrap_or_default()
    }

    /// A table, or a boolean in place of its `enabled`, as Vector's `acknowledgements` and `healthcheck`. `read` is
    /// given that boolean, if there is one.
    pub(super) fn flag_or_table<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Option<bool>, &mut Block<'a>) -> T,
    ) -> T {
        let empty = |block: &Self| {
            let place = block.place.member(name, block.place.at);
            Block::new(block.reader, place, Table::new())
        };
        let Some(item) = self.take(name) else {
            return read(None, &mut empty(self));
        };
        if let ValueInner::Boolean(flag) = &item.value {
            return read(Some(*flag), &mut empty(self));
        }
        let place = item.place.clone();
        let Some(members) = item.members_or("a boolean or a table") else {
            return read(None, &mut empty(self));
        };
        let mut block = Block::new(self.reader, place, members);
        let result = read(None, &mut block);
        block.finish();
        result
    }
}
