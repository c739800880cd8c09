//! The types of events RudderStack knows.

use std::fmt;

/// The `type` of an event. RudderStack compares it trimmed and without case, and so does [`EventType::parse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventType {
    /// Who a user is
    Identify,
    /// What a user did
    Track,
    /// Which group a user belongs to
    Group,
    /// A page seen
    Page,
    /// A screen seen
    Screen,
    /// Two ids of one user
    Alias,
    /// Identity resolution in a warehouse
    Merge,
    /// A row of a reverse-ETL sync
    Record,
    /// Members of an audience
    AudienceList,
    /// Anything else
    Other,
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Identify,
        Self::Track,
        Self::Group,
        Self::Page,
        Self::Screen,
        Self::Alias,
        Self::Merge,
        Self::Record,
        Self::AudienceList,
        Self::Other,
    ];

    /// Reads a `type`; what RudderStack does not know is [`EventType::Other`].
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        Self::ALL
            .into_iter()
            .find(|kind| *kind != Self::Other && kind.as_str().eq_ignore_ascii_case(text))
            .unwrap_or(Self::Other)
    }

    /// The name in lower case, as RudderStack writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identify => "identify",
            Self::Track => "track",
            Self::Group => "group",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Alias => "alias",
            Self::Merge => "merge",
            Self::Record => "record",
            Self::AudienceList => "audiencelist",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_without_case_and_white_space() {
        assert_eq!(EventType::parse(" Track "), EventType::Track);
        assert_eq!(EventType::parse("IDENTIFY"), EventType::Identify);
        assert_eq!(EventType::parse("purchase"), EventType::Other);
        assert_eq!(EventType::parse("other"), EventType::Other);
        for kind in EventType::ALL {
            assert_eq!(EventType::parse(kind.as_str()), kind);
        }
    }
}
