//! What a run did, for people: counts and how long it took, to text. Pure.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::time::Duration;

use super::Exit;
use super::buffer::Report;
use crate::telemetry::Totals;

/// What a run did. Written aligned, one count a line.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The counts
    pub totals: Totals,
    /// How long it took
    pub elapsed: Duration,
    /// How reading ended
    pub input: InputEnd,
    /// What its buffer did, where that is on disk. Then events that were fed again were read again.
    pub buffer: Option<Report>,
}

/// What each sink of a run did, by its name. Written as one summary where there is one, else one after the other, each
/// under its sink's name.
#[derive(Clone, Debug)]
pub struct Summaries(pub BTreeMap<String, Summary>);

/// How reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputEnd {
    /// Everything was read
    Complete,
    /// A signal or a hold stopped it
    Stopped,
    /// So many files or inputs could not be read, or not to their end
    Problems(usize),
}

impl Summary {
    /// Events that were read and have not ended for good: their source keeps them. With a buffer on disk, the records
    /// that it or their source keeps.
    pub fn owed(&self) -> u64 {
        match &self.buffer {
            Some(buffer) => buffer.left + buffer.unstored,
            None => self.read().saturating_sub(self.totals.again + self.ended()),
        }
    }

    /// Of what is owed, what its source keeps.
    pub fn returned(&self) -> u64 {
        self.buffer.map_or_else(|| self.owed(), |buffer| buffer.unstored)
    }

    /// How it ended.
    pub fn exit(&self) -> Exit {
        let exit = Exit::of(&self.totals, self.owed(), self.input);
        let has_failed = self.buffer.is_some_and(|buffer| buffer.was_damaged() || !buffer.is_noted);
        if has_failed { exit.and(Exit::Internal) } else { exit }
    }

    fn read(&self) -> u64 {
        sum(&self.totals.events) + self.totals.unreadable
    }

    fn ended(&self) -> u64 {
        let totals = &self.totals;
        totals.delivered + sum(&totals.skipped) + sum(&totals.rejected)
    }

    fn lines(&self) -> Vec<(String, String)> {
        let totals = &self.totals;
        let mut lines = Vec::new();
        let mut group = |title: &str, count: u64, parts: &BTreeMap<&'static str, u64>| {
            lines.push((title.to_owned(), count.to_string()));
            for (name, count) in parts {
                lines.push((format!("  {name}"), count.to_string()));
            }
        };
        let mut events = totals.events.clone();
        if totals.unreadable > 0 {
            events.insert("(unreadable)", totals.unreadable);
        }
        group("events read", sum(&events), &events);
        if totals.again > 0 {
            group("  read again", totals.again, &BTreeMap::new());
        }
        group("requests sent", sum(&totals.requests), &totals.requests);
        let none = BTreeMap::new();
        group("retries", totals.retries, &none);
        group("delivered", totals.delivered, &none);
        group("skipped", sum(&totals.skipped), &totals.skipped);
        group("rejected", sum(&totals.rejected), &totals.rejected);
        group("still owed", self.owed(), &none);
        if let Some(Report { left, unstored, discarded, .. }) = self.buffer {
            group("  in the buffer", left, &none);
            for (name, count) in
                [("  not stored", unstored), ("discarded, the buffer was full", discarded)]
            {
                if count > 0 {
                    group(name, count, &none);
                }
            }
        }
        if totals.merged > 0 {
            group("requests saved by merging", totals.merged, &none);
        }
        if totals.ignored_inline > 0 {
            group("inline automations ignored", totals.ignored_inline, &none);
        }
        if let Some(buffer) = self.buffer.filter(Report::was_damaged) {
            lines.push(("lost, damaged in the buffer".to_owned(), lost(&buffer)));
        }
        let input = match self.input {
            InputEnd::Complete => "complete".to_owned(),
            InputEnd::Stopped => "stopped before its end".to_owned(),
            InputEnd::Problems(1) => "1 problem".to_owned(),
            InputEnd::Problems(count) => format!("{count} problems"),
        };
        lines.push(("input".to_owned(), input));
        lines.push(("elapsed".to_owned(), format!("{:.3} s", self.elapsed.as_secs_f64())));
        lines.push(("rate".to_owned(), self.rate()));
        lines
    }

    /// Events that ended, per second.
    fn rate(&self) -> String {
        let ended = self.ended();
        let micros = self.elapsed.as_micros().max(1);
        let tenths = u128::from(ended) * 10_000_000 / micros;
        format!("{}.{} events/s", tenths / 10, tenths % 10)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines();
        let width = |text: &String| text.chars().count();
        let names = lines.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
        // Numbers stand under numbers; words may be longer and hang over to the right.
        let is_number = |value: &&String| value.bytes().all(|byte| byte.is_ascii_digit());
        let numbers = lines.iter().map(|(_, value)| value).filter(is_number);
        let numbers = numbers.map(width).max().unwrap_or(0);
        for (name, value) in &lines {
            writeln!(f, "{name:names$}  {value:>numbers$}")?;
        }
        f.write_char('\n')
    }
}

impl Summaries {
    /// Events that were read and have not ended for good, each counted by every sink that owes it.
    pub fn owed(&self) -> u64 {
        self.0.values().map(Summary::owed).sum()
    }

    /// Of those, what their sources keep.
    pub fn returned(&self) -> u64 {
        self.0.values().map(Summary::returned).sum()
    }

    /// How the run ended: as the worst of them.
    pub fn exit(&self) -> Exit {
        self.0.values().map(Summary::exit).fold(Exit::Done, Exit::and)
    }
}

impl fmt::Display for Summaries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, summary) in &self.0 {
            if self.0.len() > 1 {
                writeln!(f, "sink {name}")?;
            }
            summary.fmt(f)?;
        }
        Ok(())
    }
}

/// How many records a buffer lost.
fn lost(buffer: &Report) -> String {
    match (buffer.lost, buffer.has_lost_uncounted) {
        (lost, false) => lost.to_string(),
        (0, true) => "nobody knows how many".to_owned(),
        (lost, true) => format!("{lost} at least"),
    }
}

fn sum(counts: &BTreeMap<&'static str, u64>) -> u64 {
    counts.values().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_aligned_and_exact() {
        let summary = Summary {
            totals: Totals {
                events: [("identify", 40), ("track", 1200)].into(),
                unreadable: 2,
                requests: [("POST /profiles/{user_id}", 41)].into(),
                retries: 1,
                delivered: 1230,
                skipped: [("anonymous", 3)].into(),
                rejected: [("refused", 1), ("unreadable", 2)].into(),
                errored: 5,
                again: 2,
                ignored_inline: 0,
                merged: 0,
            },
            elapsed: Duration::from_millis(1_500),
            input: InputEnd::Complete,
            buffer: None,
        };
        assert_eq!(
            summary.to_string(),
            "\
events read                 1242
  (unreadable)                 2
  identify                    40
  track                     1200
  read again                   2
requests sent                 41
  POST /profiles/{user_id}    41
retries                        1
delivered                   1230
skipped                        3
  anonymous                    3
rejected                       3
  refused                      1
  unreadable                   2
still owed                     4
input                       complete
elapsed                     1.500 s
rate                        824.0 events/s

"
        );
    }

    #[test]
    fn one_sink_is_summed_up_alone_and_several_by_name() {
        let (totals, elapsed) = (Totals::default(), Duration::ZERO);
        let summary = Summary { totals, elapsed, input: InputEnd::Complete, buffer: None };
        let one = Summaries([("a".to_owned(), summary.clone())].into());
        assert_eq!(one.to_string(), summary.to_string());
        let two = Summaries(["a", "b"].map(|name| (name.to_owned(), summary.clone())).into());
        assert_eq!(two.to_string(), format!("sink a\n{summary}sink b\n{summary}"));
        assert_eq!((two.owed(), two.exit()), (0, Exit::Done));
    }

    #[test]
    fn an_empty_run_has_a_rate_of_nothing() {
        let summary = Summary {
            totals: Totals::default(),
            elapsed: Duration::ZERO,
            input: InputEnd::Stopped,
            buffer: None,
        };
        assert_eq!(summary.owed(), 0);
        assert!(summary.to_string().contains("0.0 events/s"));
    }
}
