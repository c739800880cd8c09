//! Two plans of the same events: only what differs is told.

use std::io::{self, Write};

use super::entry::Entry;
use super::input::Input;
use super::sinks::{Sink, Sinks};
use super::{Stopped, lines, people};
use crate::cli::args::plan::Plan;
use crate::clock::Time;
use crate::json::ObjectWriter;

/// Plans each record twice, and tells the events with which something else is done. Sinks are the same by name.
pub(super) fn run(
    before: &mut Sinks,
    after: &mut Sinks,
    input: &mut Input,
    now: Option<Time>,
    options: &Plan,
    out: &mut dyn Write,
) -> Result<(), Stopped> {
    let (mut same, mut different) = (0_u64, 0_u64);
    for record in input {
        let record = record?;
        let (old, new) = (before.plan(&record, now), after.plan(&record, now));
        for (old, new) in pairs(old, new) {
            if is_same(old.as_ref(), new.as_ref()) {
                same += 1;
                continue;
            }
            different += 1;
            if options.pretty {
                tell_people(out, old.as_ref(), new.as_ref())?;
            } else {
                tell_line(out, old.as_ref(), new.as_ref())?;
            }
        }
    }
    if options.pretty {
        writeln!(out, "events with which the same is done  {same}")?;
        writeln!(out, "events with which another is done   {different}")?;
    } else {
        writeln!(out, "{{\"same\":{same},\"different\":{different}}}")?;
    }
    totals(before, after, options, out)?;
    Ok(())
}

/// What both do with the same event in the sink of the same name. Which events a record holds does not depend on a sink.
fn pairs(old: Vec<Entry>, new: Vec<Entry>) -> Vec<(Option<Entry>, Option<Entry>)> {
    let mut new: Vec<_> = new.into_iter().map(Some).collect();
    let mut pairs = Vec::with_capacity(old.len());
    for entry in old {
        // The first of the same name that is left: events stay in order.
        let other = new
            .iter_mut()
            .find(|it| it.as_ref().is_some_and(|it| it.sink == entry.sink))
            .and_then(Option::take);
        pairs.push((Some(entry), other));
    }
    pairs.extend(new.into_iter().flatten().map(|entry| (None, Some(entry))));
    pairs
}

fn is_same(old: Option<&Entry>, new: Option<&Entry>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => {
            old.outcome == new.outcome && old.ignored_inline == new.ignored_inline
        }
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn tell_line(out: &mut dyn Write, old: Option<&Entry>, new: Option<&Entry>) -> io::Result<()> {
    let mut line = ObjectWriter::with_capacity(1024);
    if let Some(entry) = old.or(new) {
        lines::head(&mut line, entry);
    }
    let outcome = |entry: Option<&Entry>| {
        entry.map_or_else(
            || "null".to_owned(),
            |entry| {
                let mut line = ObjectWriter::with_capacity(512);
                lines::outcome(&mut line, entry);
                line.finish()
            },
        )
    };
    line.raw("before", &outcome(old)).raw("after", &outcome(new));
    writeln!(out, "{}", line.finish())
}

fn tell_people(out: &mut dyn Write, old: Option<&Entry>, new: Option<&Entry>) -> io::Result<()> {
    if let Some(entry) = old.or(new) {
        people::head(out, entry)?;
    }
    let said = |entry: Option<&Entry>| entry.map(people::outcome).unwrap_or_default();
    let (old, new) = (said(old), said(new));
    let is_equal = |(old, new): &(&String, &String)| old == new;
    let start = old.iter().zip(&new).take_while(is_equal).count();
    let end = old.iter().skip(start).rev().zip(new.iter().skip(start).rev());
    let end = end.take_while(is_equal).count();
    let lines = [
        (' ', old.iter().take(start)),
        ('-', old.iter().take(old.len() - end)),
        ('+', new.iter().take(new.len() - end)),
    ];
    for (at, (sign, lines)) in lines.into_iter().enumerate() {
        for line in lines.skip(if at == 0 { 0 } else { start }) {
            writeln!(out, "{sign} {line}")?;
        }
    }
    for line in old.iter().skip(old.len() - end) {
        writeln!(out, "  {line}")?;
    }
    writeln!(out)
}

fn totals(before: &Sinks, after: &Sinks, options: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let added = after.iter().filter(|sink| before.get(&sink.name).is_none()).map(|sink| &sink.name);
    for name in before.iter().map(|sink| &sink.name).chain(added) {
        let (old, new) = (before.get(name), after.get(name));
        if options.pretty {
            for (word, sink) in [("before", old), ("after", new)] {
                if let Some(sink) = sink {
                    writeln!(out, "\n{word}:")?;
                    people::totals(out, sink)?;
                }
            }
        } else {
            let of = |sink: Option<&Sink>| sink.map_or_else(|| "null".to_owned(), lines::of);
            let mut totals = ObjectWriter::with_capacity(1024);
            totals.raw("before", &of(old)).raw("after", &of(new));
            writeln!(out, "{{\"totals\":{}}}", totals.finish())?;
        }
    }
    Ok(())
}
