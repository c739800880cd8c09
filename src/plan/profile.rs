//! Traits to profile: as they are, with Courier's names added where a trait is called something else.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::names::{ADDRESS, ALIASES, KNOWN};
use super::{Direct, NullTraits, Refusal, Traits, traits};
use crate::event::Event;
use crate::json::{Json, Kind, Members, ObjectWriter, prune_nulls};

/// `{"profile": …}` for an identify event. No traits at all give an empty profile, which creates the user.
pub(super) fn body(event: &Event, direct: &Direct) -> Result<String, Refusal> {
    let traits = traits::of(event);
    let text = match traits.as_ref().map(Json::kind) {
        None => "{}",
        Some(Kind::Object) => traits.as_ref().map_or("{}", Json::as_str),
        Some(found) => return Err(Refusal::kind("traits", "an object", found)),
    };
    let text = match direct.null_traits {
        NullTraits::Drop => prune_nulls(text),
        NullTraits::Delete => Cow::Borrowed(text),
    };
    let mut profile = Profile::read(&Members::of(&text), direct);
    profile.add_aliases();
    profile.add_address();
    if direct.context_attributes {
        profile.add_context(event);
    }
    let mut body = ObjectWriter::with_capacity(text.len() + 96);
    body.raw(
        "profile",
        &match direct.traits {
            Traits::Verbatim => profile.verbatim(),
            Traits::Custom => profile.custom(),
        },
    );
    Ok(body.finish())
}

/// A profile's members before they are written.
#[derive(Debug, Default)]
struct Profile<'a>(Vec<Entry<'a>>);

#[derive(Debug)]
struct Entry<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
    /// Whether its value also stands under Courier's name for it.
    is_aliased: bool,
}

impl<'a> Profile<'a> {
    /// The traits, renamed where that takes no place that is taken; of two for one place the first has it.
    fn read(traits: &Members<'a>, direct: &'a Direct) -> Self {
        let mut profile = Self::default();
        let taken = traits.last_values();
        let mut given = BTreeMap::new();
        for (name, value) in traits.iter() {
            let mut is_free = |new: &&'a String| {
                !taken.contains_key(new.as_str()) && *given.entry(*new).or_insert(name) == name
            };
            let renamed = direct.rename.get(name).filter(&mut is_free);
            let name = renamed
                .map_or_else(|| Cow::Owned(name.to_owned()), |new| Cow::Borrowed(new.as_str()));
            profile.add(name, Cow::Borrowed(value));
        }
        profile
    }

    fn add(&mut self, name: impl Into<Cow<'a, str>>, value: Cow<'a, str>) {
        self.0.push(Entry { name: name.into(), value, is_aliased: false });
    }

    fn get(&self, name: &str) -> Option<&Entry<'a>> {
        self.0.iter().rev().find(|entry| entry.name == name)
    }

    /// The value under the first of `names` that is there, which from now on counts as aliased.
    fn alias(&mut self, names: &[&str]) -> Option<Cow<'a, str>> {
        let name = names.iter().find(|name| self.get(name).is_some())?;
        let entry = self.0.iter_mut().rev().find(|entry| entry.name == *name)?;
        entry.is_aliased = true;
        Some(entry.value.clone())
    }

    fn add_aliases(&mut self) {
        for (target, names) in ALIASES {
            if self.get(target).is_none()
                && let Some(value) = self.alias(names)
            {
                self.add(target, value);
            }
        }
    }

    /// Adds Courier's names inside `address`, or an `address` made of flat traits. One that is no object stays as it is.
    fn add_address(&mut self) {
        let existing = self.get("address").map(|entry| entry.value.clone());
        if existing.as_deref().is_some_and(|value| Kind::of(value) != Kind::Object) {
            return;
        }
        let existing = existing.unwrap_or(Cow::Borrowed("{}"));
        let members = Members::of(&existing);
        let mut address = ObjectWriter::with_capacity(existing.len() + 64);
        for (name, value) in members.iter() {
            address.raw(name, value);
        }
        for (target, names) in ADDRESS {
            if members.contains(target) {
                continue;
            }
            let inside = names.iter().find_map(|name| members.get(name)).map(str::to_owned);
            if let Some(value) = inside.or_else(|| self.alias(names).map(Cow::into_owned)) {
                address.raw(target, &value);
            }
        }
        if address.is_empty() {
            return;
        }
        let address = Cow::Owned(address.finish());
        match self.0.iter_mut().rev().find(|entry| entry.name == "address") {
            Some(entry) => entry.value = address,
            None => self.add("address", address),
        }
    }

    /// A browser's language and time zone, where the traits name none.
    fn add_context(&mut self, event: &Event) {
        for (target, source) in [("locale", "locale"), ("zoneinfo", "timezone")] {
            let value = event.context.as_ref().and_then(|context| context.member(source));
            let text = value.filter(|value| value.kind() == Kind::String);
            if let Some(text) = text.filter(|_| self.get(target).is_none()) {
                self.add(target, Cow::Owned(text.as_str().to_owned()));
            }
        }
    }

    fn verbatim(&self) -> String {
        write(&self.0.iter().collect::<Vec<_>>())
    }

    /// What Courier knows on top, all else under `custom`, where a member that is there already wins.
    fn custom(&self) -> String {
        let is_custom =
            |entry: &Entry<'_>| entry.name == "custom" && Kind::of(&entry.value) == Kind::Object;
        let own = self.0.iter().rev().find(|entry| is_custom(entry));
        let own = Members::of(own.map_or("{}", |entry| &*entry.value));
        let mut custom = ObjectWriter::with_capacity(256);
        for (name, value) in own.iter() {
            custom.raw(name, value);
        }
        let taken = own.last_values();
        let (known, other): (Vec<_>, Vec<_>) = self
            .0
            .iter()
            .filter(|entry| !is_custom(entry))
            .partition(|entry| KNOWN.contains(&&*entry.name));
        for entry in
            other.iter().filter(|entry| !entry.is_aliased && !taken.contains_key(&*entry.name))
        {
            custom.raw(&entry.name, &entry.value);
        }
        let custom = (!custom.is_empty()).then(|| Entry {
            name: Cow::Borrowed("custom"),
            value: Cow::Owned(custom.finish()),
            is_aliased: false,
        });
        write(&known.into_iter().chain(custom.as_ref()).collect::<Vec<_>>())
    }
}

fn write(entries: &[&Entry<'_>]) -> String {
    let mut written = ObjectWriter::with_capacity(256);
    for entry in entries {
        written.raw(&entry.name, &entry.value);
    }
    written.finish()
}
