//! The classes of endpoints that a local Courier can limit and hurt: those that a sink calls, and the others it has.

use crate::courier::Class;

/// A group of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoints {
    /// Those of a class that sinks call
    Of(Class),
    /// `/lists`
    Lists,
    /// `/send`
    Send,
    /// `/messages`
    Messages,
}

impl Endpoints {
    /// All of them, in the order of their [`Endpoints::index`].
    pub const ALL: [Self; 9] = [
        Self::Of(Class::Profiles),
        Self::Of(Class::Tenants),
        Self::Of(Class::Memberships),
        Self::Of(Class::Automations),
        Self::Of(Class::Journeys),
        Self::Of(Class::Inbound),
        Self::Lists,
        Self::Send,
        Self::Messages,
    ];

    /// The position in [`Endpoints::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Of(class) => class.index(),
            Self::Lists => 6,
            Self::Send => 7,
            Self::Messages => 8,
        }
    }

    /// The name used in options.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Of(class) => class.as_str(),
            Self::Lists => "lists",
            Self::Send => "send",
            Self::Messages => "messages",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_at_its_index() {
        for (index, endpoints) in Endpoints::ALL.into_iter().enumerate() {
            assert_eq!(endpoints.index(), index, "{endpoints:?}");
        }
    }
}
