//! Which answers are followed by another attempt, as an operator chose by `retry_strategy`.

use std::collections::BTreeSet;

use fastrand::Rng;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    Default,
    None,
    All,
    Custom(BTreeSet<u16>),
}

impl Strategy {
    /// What is refused is repeated only where `attempts_are_limited`, or a run would never end.
    pub(crate) fn draw(chance: &mut Rng, attempts_are_limited: bool) -> Self {
        match chance.u8(..12) {
            0 => Self::None,
            1 | 2 if attempts_are_limited => Self::All,
            3 | 4 => {
                let statuses = [400, 408, 409, 429, 500, 502, 503];
                let unlimited = |status: &u16| *status != 400 || attempts_are_limited;
                let statuses = statuses.into_iter().filter(unlimited);
                Self::Custom(statuses.filter(|_| chance.u8(..4) > 0).chain([500]).collect())
            }
            _ => Self::Default,
        }
    }

    pub(crate) fn text(&self) -> String {
        let kind = match self {
            Self::Default => return String::new(),
            Self::None => "'none'".to_owned(),
            Self::All => "'all'".to_owned(),
            Self::Custom(statuses) => {
                let statuses: Vec<u16> = statuses.iter().copied().collect();
                format!("'custom', status_codes = {statuses:?}")
            }
        };
        format!("request.retry_strategy = {{ type = {kind} }}\n")
    }

    /// Whether a failure with this status, if any, is repeated; `is_passing` where it may go by itself.
    pub(crate) fn repeats(&self, status: Option<u16>, is_passing: bool) -> bool {
        // A 2xx that failed came from somebody else, and 401 and 403 are about the key.
        let is_choice = |status: &u16| !matches!(status, 200..=299 | 401 | 403);
        match (self, status.filter(is_choice)) {
            (Self::None, _) => false,
            (Self::All, Some(_)) => true,
            (Self::Custom(statuses), Some(status)) => statuses.contains(&status),
            (Self::Default | Self::All | Self::Custom(_), _) => is_passing,
        }
    }
}
