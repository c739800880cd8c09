//! Entries and totals for people.

use std::io::{self, Write};
use std::time::Duration;

use super::entry::{Entry, Outcome};
use super::lines;
use super::request::Planned;
use super::sinks::Sink;
use crate::cli::pretty::pretty;
use crate::cli::table::{plain, table};
use crate::courier::Endpoint;

/// Writes one entry.
pub(super) fn entry(out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
    head(out, entry)?;
    for line in outcome(entry) {
        writeln!(out, "  {line}")?;
    }
    writeln!(out)
}

/// Whose event it is.
pub(super) fn head(out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
    let mut words = vec![plain(&entry.origin)];
    if let Some(event) = &entry.event {
        words.push(plain(&event.name));
        words.push(plain(&event.message_id));
        words.extend(event.user.as_deref().map(plain));
    }
    writeln!(out, "{}: {}", entry.sink, words.join("  "))
}

/// What becomes of it, line by line.
pub(super) fn outcome(entry: &Entry) -> Vec<String> {
    let mut said = Vec::new();
    if entry.ignored_inline {
        said.push("its own automation is not trusted, and ignored".to_owned());
    }
    match &entry.outcome {
        Outcome::Requests(requests) => said.extend(requests.iter().flat_map(request)),
        Outcome::Skipped(reason) => said.push(format!("skipped: {reason}")),
        Outcome::Rejected(reason, detail) => {
            said.push(format!("rejected: {reason}: {}", plain(detail)));
        }
    }
    said
}

fn request(planned: &Planned) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(after) = planned.after {
        notes.push(format!("after step {after}"));
    }
    if let Some(key) = &planned.key {
        notes.push(format!("idempotency key {key}"));
    }
    notes.extend(planned.condition.as_str().map(str::to_owned));
    let mut line = format!("{} {} {}", planned.step, planned.method, planned.path);
    if !notes.is_empty() {
        line = format!("{line}  ({})", notes.join("; "));
    }
    let body = lines::body(planned).map(|body| pretty(&body)).unwrap_or_default();
    let body = body.lines().map(|line| format!("    {line}"));
    std::iter::once(line).chain(body).collect()
}

/// Writes the totals of one sink.
pub(super) fn totals(out: &mut dyn Write, sink: &Sink) -> io::Result<()> {
    let totals = &sink.totals;
    let mut rows = vec![["events".to_owned(), totals.events.to_string()]];
    let mut row = |name: String, count: u64| rows.push([name, count.to_string()]);
    for (reason, count) in &totals.skipped {
        row(format!("skipped: {reason}"), *count);
    }
    for (reason, count) in &totals.rejected {
        row(format!("rejected: {reason}"), *count);
    }
    if totals.ignored_inline > 0 {
        row("automations not trusted".to_owned(), totals.ignored_inline);
    }
    for (endpoint, count) in &totals.requests {
        row(endpoint.to_string(), *count);
    }
    row("requests".to_owned(), totals.sum());
    let name = if sink.is_emulated { "the emulator" } else { sink.endpoint.as_str() };
    writeln!(out, "sink {} to {name}", sink.name)?;
    for line in table(&rows).lines() {
        writeln!(out, "  {line}")?;
    }
    for line in remarks(sink) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

fn remarks(sink: &Sink) -> Vec<String> {
    let totals = &sink.totals;
    let mut said = vec![match totals.needed(&sink.settings.delivery) {
        Some(needed) => {
            format!("takes at least {}, by {}", time(needed.at_least), needed.option)
        }
        None => "no limit is configured: how long it takes is up to Courier".to_owned(),
    }];
    said.push("neighbouring writes that wait for their turn may be merged into fewer".to_owned());
    if totals.requests.contains_key(&Endpoint::GetTenant) {
        said.push("tenants are shown as if they were new: their GET decides".to_owned());
    }
    if totals.made_ids > 0 {
        said.push(format!("events without a messageId: {}", totals.made_ids));
    }
    for (block, count) in sink.blocks().iter().zip(&totals.blocks) {
        if *count == 0 {
            said.push(format!("no event is `on = \"{}\"`", plain(&block.on.to_string())));
        }
    }
    said
}

/// A time as people say it.
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{:.1} s", time.as_secs_f64()),
        (0, _) => format!("{minutes} min {} s", seconds % 60),
        _ => format!("{hours} h {minutes} min"),
    }
}
