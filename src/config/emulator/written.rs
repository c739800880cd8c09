//! Limits and faults in TOML, one option a line, as they are read: what is left out is what is the default.

use std::fmt;
use std::time::Duration;

use super::{ClassLimit, Distribution, Endpoints, Faults, Limits, Schedule, WaitHeader};

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for option in class(self.total) {
            writeln!(f, "{option}")?;
        }
        let wait_header = match self.wait_header {
            WaitHeader::None => "none",
            WaitHeader::RetryAfter => "retry-after",
            WaitHeader::RetryAfterMs => "retry-after-ms",
        };
        writeln!(f, "wait_header = \"{wait_header}\"")?;
        for (endpoints, limit) in Endpoints::ALL.into_iter().zip(self.classes) {
            let options = class(limit);
            if !options.is_empty() {
                writeln!(f, "classes.{} = {{ {} }}", endpoints.as_str(), options.join(", "))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed = {}", self.seed)?;
        if let Some(latency) = &self.latency {
            let distribution = match latency.distribution {
                Distribution::Constant => "constant",
                Distribution::Uniform => "uniform",
                Distribution::Exponential => "exponential",
            };
            let mut options =
                vec![secs("mean", latency.mean), format!("distribution = \"{distribution}\"")];
            if !latency.jitter.is_zero() {
                options.push(secs("jitter", latency.jitter));
            }
            options.extend(schedule(&latency.schedule));
            writeln!(f, "latency = {{ {} }}", options.join(", "))?;
        }
        for fault in &self.faults {
            let is_slow = fault.kind == super::FaultKind::SlowBody;
            let mut options = Vec::from_iter(is_slow.then(|| secs("duration", fault.duration)));
            options.extend(schedule(&fault.schedule));
            writeln!(f, "{} = {{ {} }}", fault.kind.as_str(), options.join(", "))?;
        }
        Ok(())
    }
}

fn class(limit: ClassLimit) -> Vec<String> {
    let mut options = Vec::new();
    if let Some((num, duration)) = limit.rate {
        options.push(format!("rate_limit_num = {num}"));
        options.push(secs("rate_limit_duration", duration));
    }
    options.extend(limit.concurrency.map(|most| format!("concurrency = {most}")));
    options
}

fn schedule(schedule: &Schedule) -> Vec<String> {
    let mut options = vec![format!("probability = {:?}", schedule.probability)];
    if !schedule.from.is_zero() {
        options.push(secs("from", schedule.from));
    }
    options.extend(schedule.until.map(|until| secs("until", until)));
    if let Some((every, length)) = schedule.every {
        options.extend([secs("every", every), secs("for", length)]);
    }
    if let Some(classes) = &schedule.classes {
        let names: Vec<_> = classes.iter().map(|it| format!("\"{}\"", it.as_str())).collect();
        options.push(format!("classes = [{}]", names.join(", ")));
    }
    options.extend(schedule.seed.map(|seed| format!("seed = {seed}")));
    options
}

/// An option that is a number of seconds.
fn secs(name: &str, duration: Duration) -> String {
    format!("{name}_secs = {:?}", duration.as_secs_f64())
}
