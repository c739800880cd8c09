//! An automation's steps, written as TOML tables, as the JSON that Courier is sent.
//!
//! Members keep the order they were written in. TOML has no `null`, and this parser of it no dates: a date is written as
//! a string, as it is in JSON. It does not know what a step may hold; Courier does.

use bytestring::ByteString;
use toml_span::value::ValueInner;

use super::Texts;
use super::item::Item;
use crate::json::{Json, ObjectWriter};

/// The steps in `item`: an array of at least one table.
pub(super) fn steps(item: Item<'_>) -> Option<Json> {
    let reader = item.reader;
    let place = item.place.clone();
    let refuse = |message: String| {
        reader.mistake(&place, message, None);
        None
    };
    let steps = item.elements()?;
    if steps.is_empty() {
        return refuse("must hold at least one step".to_owned());
    }
    let mut texts = Vec::with_capacity(steps.len());
    for step in steps {
        if matches!(step.value, ValueInner::Table(_)) {
            texts.push(json(step));
        } else {
            step.unexpected("a table");
            texts.push(None);
        }
    }
    let texts: Option<Vec<_>> = texts.into_iter().collect();
    let text = ByteString::from(format!("[{}]", texts?.join(",")));
    // Fails only where tables are nested deeper than a JSON parser follows.
    Json::parse(&text).or_else(|error| refuse(error.to_string()).ok_or(())).ok()
}

/// The JSON text of `item`. Its depth is bounded: the TOML parser refuses more than 128 levels.
fn json(item: Item<'_>) -> Option<String> {
    match &item.value {
        ValueInner::String(text) => {
            let text = item.reader.interpolated(&item.place, Texts::Plain, text)?;
            serde_json::to_string(&text).ok()
        }
        ValueInner::Integer(number) => Some(number.to_string()),
        ValueInner::Boolean(flag) => Some(flag.to_string()),
        ValueInner::Float(number) if number.is_finite() => serde_json::to_string(number).ok(),
        ValueInner::Float(_) => {
            item.unexpected("a number that JSON has");
            None
        }
        ValueInner::Array(_) => {
            let elements = item.elements()?.into_iter().map(json);
            // All are read before any is given up, so that no mistake is kept back.
            let elements: Vec<_> = elements.collect();
            let elements: Option<Vec<_>> = elements.into_iter().collect();
            Some(format!("[{}]", elements?.join(",")))
        }
        ValueInner::Table(_) => object(item),
    }
}

fn object(item: Item<'_>) -> Option<String> {
    let reader = item.reader;
    let place = item.place.clone();
    let mut members: Vec<_> = item.members()?.into_iter().collect();
    members.sort_by_key(|(key, _)| key.span.start);
    let mut object = ObjectWriter::with_capacity(128);
    let mut is_whole = true;
    for (key, mut value) in members {
        let place = place.member(&key.name, key.span.start);
        match json(Item::new(reader, place, value.take())) {
            Some(value) => {
                object.raw(&key.name, &value);
            }
            None => is_whole = false,
        }
    }
    is_whole.then(|| object.finish())
}
