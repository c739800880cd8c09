//! What a configuration needs of the world around it: name look-up, certificates, proxy, Courier, clock, disk.
//!
//! In: a checked configuration. Out: one [`Finding`] after the other, each with a remedy where it is bad. It sends one
//! request a sink, which changes nothing, and writes a few KiB to `data_dir`, which it removes.

mod courier;
mod disk;

use std::fmt;

use crate::config::Config;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The block it is about, as in `sinks.courier`; `data_dir`
    pub about: String,
    /// What was looked at
    pub what: &'static str,
    /// Whether it is as it must be
    pub verdict: Verdict,
    /// What was found
    pub detail: String,
    /// What to do about it
    pub remedy: Option<String>,
}

/// Whether something is as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is
    Good,
    /// It works, and not well
    Doubtful,
    /// A run would not deliver
    Bad,
}

/// Looks at everything around `config`, and tells it as it is found. Dropping the future aborts what is under way.
pub async fn look_around(config: &Config, tell: &mut dyn FnMut(Finding)) {
    for (name, sink) in &config.sinks {
        let about = About { block: format!("sinks.{name}"), tell };
        let is_emulated = config.emulator.is_some() && !sink.courier.is_endpoint_written;
        courier::look(&sink.courier, is_emulated, about).await;
    }
    if let Some(folder) = config.data_dir.clone() {
        let needs_speed = config.sinks.values().any(|sink| sink.courier.disk_buffer.is_some());
        // The disk blocks; a panic in there was printed.
        let look = tokio::task::spawn_blocking(move || disk::look(&folder, needs_speed));
        look.await.into_iter().for_each(tell);
    }
}

/// A block, and whom to tell about it.
struct About<'a> {
    block: String,
    tell: &'a mut dyn FnMut(Finding),
}

impl About<'_> {
    fn good(&mut self, what: &'static str, detail: impl Into<String>) {
        self.say(what, Verdict::Good, detail.into(), None);
    }

    fn doubtful(&mut self, what: &'static str, detail: impl Into<String>, remedy: &str) {
        self.say(what, Verdict::Doubtful, detail.into(), Some(remedy));
    }

    fn bad(&mut self, what: &'static str, detail: impl Into<String>, remedy: &str) {
        self.say(what, Verdict::Bad, detail.into(), Some(remedy));
    }

    fn say(&mut self, what: &'static str, verdict: Verdict, detail: String, remedy: Option<&str>) {
        let remedy = remedy.map(str::to_owned);
        (self.tell)(Finding { about: self.block.clone(), what, verdict, detail, remedy });
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Good => "ok",
            Self::Doubtful => "warning",
            Self::Bad => "error",
        })
    }
}
