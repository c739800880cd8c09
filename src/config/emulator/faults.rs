//! `[emulator.faults]`: what goes wrong with a local Courier, how often, and when.

use std::time::Duration;

use super::schedule::{Schedule, schedule};
use super::seed;
use crate::config::block::Block;

/// The faults of an emulator. By default there are none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// `seed`: which requests are hit. The same seed hits the same ones, counted in the order they arrive. Default 0.
    pub seed: u64,
    /// `latency`: how long answers take
    pub latency: Option<Latency>,
    /// The others. Of several that hit one request the first of [`FaultKind::ALL`] counts.
    pub faults: Vec<Fault>,
}

/// How long answers take. The work is done at once; the answer waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    /// `distribution`
    pub distribution: Distribution,
    /// `mean_secs`
    pub mean: Duration,
    /// `jitter_secs`: as much more or less, evenly. Default none.
    pub jitter: Duration,
    /// Whom it hits
    pub schedule: Schedule,
}

/// How latencies lie around their mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distribution {
    /// `constant`: all the same
    #[default]
    Constant,
    /// `uniform`: evenly between nothing and twice the mean
    Uniform,
    /// `exponential`: mostly short, seldom long, as a busy server's
    Exponential,
}

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What
    pub kind: FaultKind,
    /// `slow_body.duration_secs`: how long such a body takes. Default 5.
    pub duration: Duration,
    /// Whom it hits
    pub schedule: Schedule,
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// `unauthorized`: 401; with a schedule, a window in which the key is not known
    Unauthorized,
    /// `forbidden`: 403; the key is known, and may not do that
    Forbidden,
    /// `reset_before_commit`: the connection is reset, and nothing was done
    ResetBeforeCommit,
    /// `error_503`: nothing was done, and no idempotency key remembers it
    Error503,
    /// `error_500`: nothing was done, and the idempotency key replays it
    Error500,
    /// `hang`: nothing was done, and there is no answer for ten minutes, then a reset
    Hang,
    /// `reset_after_commit`: all was done, and the connection is reset
    ResetAfterCommit,
    /// `slow_body`: all was done, and the answer's body comes bit by bit
    SlowBody,
    /// `garbage_body`: all was done, and the answer's body is noise
    GarbageBody,
    /// `wrong_content_type`: all was done, and the answer says that it is HTML
    WrongContentType,
}

impl FaultKind {
    /// All of them, in the order in which they count.
    pub const ALL: [Self; 10] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::ResetBeforeCommit,
        Self::Error503,
        Self::Error500,
        Self::Hang,
        Self::ResetAfterCommit,
        Self::SlowBody,
        Self::GarbageBody,
        Self::WrongContentType,
    ];

    /// Its option, also its name in the emulator's log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::ResetBeforeCommit => "reset_before_commit",
            Self::Error503 => "error_503",
            Self::Error500 => "error_500",
            Self::Hang => "hang",
            Self::ResetAfterCommit => "reset_after_commit",
            Self::SlowBody => "slow_body",
            Self::GarbageBody => "garbage_body",
            Self::WrongContentType => "wrong_content_type",
        }
    }
}

/// `seed`, `latency`, and a table for each kind.
///
/// | option of each | type | default |
/// |---|---|---|
/// | `probability` | number from 0 to 1 | 1 |
/// | `from_secs`, `until_secs` | number | always |
/// | `every_secs`, `for_secs` | number | always |
/// | `seed` | integer | by the kind |
/// | `classes` | classes of endpoints | all, and what is of none |
/// | `latency.mean_secs` | number | required |
/// | `latency.distribution` | `constant`, `uniform` or `exponential` | `constant` |
/// | `latency.jitter_secs` | number | none |
/// | `slow_body.duration_secs` | number | 5 |
pub(super) fn read(block: &mut Block<'_>) -> Faults {
    let seed = seed(block).unwrap_or_default();
    let latency = block.take("latency").and_then(|item| item.table(latency)).flatten();
    let faults = FaultKind::ALL.into_iter().filter_map(|kind| {
        block.take(kind.as_str())?.table(|block| {
            let is_slow = kind == FaultKind::SlowBody;
            let duration = is_slow.then(|| block.take("duration_secs")).flatten();
            let duration = duration.and_then(|item| item.seconds());
            let duration = duration.unwrap_or(Duration::from_secs(5));
            Fault { kind, duration, schedule: schedule(block) }
        })
    });
    Faults { seed, latency, faults: faults.collect() }
}

fn latency(block: &mut Block<'_>) -> Option<Latency> {
    let choices = [
        ("constant", Distribution::Constant),
        ("uniform", Distribution::Uniform),
        ("exponential", Distribution::Exponential),
    ];
    let distribution = block.choice("distribution", &choices);
    let mean = block.required("mean_secs", "set it to a number of seconds");
    let mean = mean.and_then(|item| item.seconds());
    let jitter = block.take("jitter_secs").and_then(|item| item.seconds()).unwrap_or_default();
    let schedule = schedule(block);
    Some(Latency { distribution, mean: mean?, jitter, schedule })
}
