//! What a run's exit code says.

use std::process::ExitCode;

use super::InputEnd;
use crate::telemetry::Totals;

/// How the process ends. The codes are those of `sysexits.h` where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every event was delivered or deliberately skipped
    Done,
    /// The command line is wrong (clap's own code)
    Usage,
    /// Something was rejected: the dead letters say what and why
    Rejected,
    /// A source could not be read, or not to its end
    Source,
    /// Something in the program or around it failed that is no event's fault
    Internal,
    /// Something is still owed, or was left unread: the next run goes on there
    Owed,
    /// Something was rejected and something else is still owed
    RejectedAndOwed,
    /// The configuration is wrong
    Config,
}

impl Exit {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Usage,
        Self::Rejected,
        Self::Source,
        Self::Internal,
        Self::Owed,
        Self::RejectedAndOwed,
        Self::Config,
    ];

    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Usage => 2,
            Self::Rejected => 65,
            Self::Source => 66,
            Self::Internal => 70,
            Self::Owed => 75,
            Self::RejectedAndOwed => 76,
            Self::Config => 78,
        }
    }

    /// What the code means, as `--help` says it.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "every event was delivered or deliberately skipped",
            Self::Usage => "the command line is wrong",
            Self::Rejected => "something was rejected: the dead letters say what and why",
            Self::Source => "a source could not be read, or not to its end",
            Self::Internal => {
                "something failed that is no event's fault: the last log line says what"
            }
            Self::Owed => "something is still owed or unread: the next run goes on there",
            Self::RejectedAndOwed => "something was rejected and something else is still owed",
            Self::Config => "the configuration is wrong",
        }
    }

    /// How a run ended that was to do all it could. What a stopped run left unread is owed too.
    pub fn of(totals: &Totals, owed: u64, input: InputEnd) -> Self {
        let is_owed = owed > 0 || input == InputEnd::Stopped;
        match (input, totals.rejected.is_empty(), is_owed) {
            (InputEnd::Problems(_), _, _) => Self::Source,
            (_, true, false) => Self::Done,
            (_, true, true) => Self::Owed,
            (_, false, false) => Self::Rejected,
            (_, false, true) => Self::RejectedAndOwed,
        }
    }

    /// How two things ended that were one run: as the worse of them, which the numbers of the codes do not tell.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Rejected, Self::Owed) | (Self::Owed, Self::Rejected) => Self::RejectedAndOwed,
            _ if self.severity() < other.severity() => other,
            _ => self,
        }
    }

    const fn severity(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Rejected => 1,
            Self::Owed => 2,
            Self::RejectedAndOwed => 3,
            Self::Source => 4,
            Self::Internal => 5,
            Self::Config => 6,
            Self::Usage => 7,
        }
    }

    /// One line per code, for `--help`.
    pub fn table() -> String {
        let lines = Self::ALL.map(|exit| format!("  {:>2}  {}", exit.code(), exit.meaning()));
        format!("Exit codes:\n{}", lines.join("\n"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_ends_the_worse_counts_and_two_kinds_add_up() {
        for (one, other, both) in [
            (Exit::Done, Exit::Done, Exit::Done),
            (Exit::Done, Exit::Rejected, Exit::Rejected),
            (Exit::Rejected, Exit::Owed, Exit::RejectedAndOwed),
            (Exit::RejectedAndOwed, Exit::Owed, Exit::RejectedAndOwed),
            (Exit::RejectedAndOwed, Exit::Source, Exit::Source),
            (Exit::Internal, Exit::Source, Exit::Internal),
        ] {
            assert_eq!((one.and(other), other.and(one)), (both, both));
        }
    }

    #[test]
    fn codes_are_distinct_and_only_a_clean_run_is_zero() {
        let codes: std::collections::BTreeSet<_> = Exit::ALL.map(Exit::code).into();
        assert_eq!(codes.len(), Exit::ALL.len());
        let clean = Totals::default();
        let rejected = Totals { rejected: [("refused", 1)].into(), ..Totals::default() };
        for (totals, owed, input, exit) in [
            (&clean, 0, InputEnd::Complete, Exit::Done),
            (&clean, 2, InputEnd::Complete, Exit::Owed),
            (&clean, 0, InputEnd::Stopped, Exit::Owed),
            (&rejected, 0, InputEnd::Complete, Exit::Rejected),
            (&rejected, 1, InputEnd::Complete, Exit::RejectedAndOwed),
            (&rejected, 0, InputEnd::Stopped, Exit::RejectedAndOwed),
            (&clean, 0, InputEnd::Problems(1), Exit::Source),
        ] {
            assert_eq!(Exit::of(totals, owed, input), exit);
        }
    }
}
