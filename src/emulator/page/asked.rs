//! What an address asks of a view besides its path.

use std::fmt::Write as _;

use http::Uri;

use crate::page::{encoded, fields};

/// Which part of a list, and which of its entries in detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    path: String,
    /// How what is looked for begins
    pub(super) find: String,
    /// The entry whose details are shown
    pub(super) open: Option<String>,
    /// The last entry of the page before
    pub(super) after: Option<String>,
}

impl Asked {
    pub(super) fn of(path: String, uri: &Uri) -> Self {
        let fields = fields(uri.query().unwrap_or_default().as_bytes());
        let field = |name: &str| {
            let found = fields.iter().find(|(found, _)| found == name);
            found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
        };
        Self {
            path,
            find: field("q").unwrap_or_default(),
            open: field("open"),
            after: field("after"),
        }
    }

    /// The view's own path.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The same list with this entry open.
    pub(super) fn opening(&self, id: &str) -> String {
        Self { open: Some(id.to_owned()), ..self.clone() }.address()
    }

    /// The same list with nothing open.
    pub(super) fn closed(&self) -> String {
        Self { open: None, ..self.clone() }.address()
    }

    /// What comes after this entry.
    pub(super) fn past(&self, id: &str) -> String {
        Self { open: None, after: Some(id.to_owned()), ..self.clone() }.address()
    }

    /// The list from its beginning.
    pub(super) fn first(&self) -> String {
        Self { open: None, after: None, ..self.clone() }.address()
    }

    fn address(&self) -> String {
        let mut address = self.path.clone();
        let find = Some(self.find.as_str()).filter(|find| !find.is_empty());
        let parts = [("q", find), ("after", self.after.as_deref()), ("open", self.open.as_deref())];
        for (name, value) in parts {
            if let Some(value) = value {
                let before = if address.len() == self.path.len() { '?' } else { '&' };
                write!(address, "{before}{name}={}", encoded(value))
                    .expect("a String takes every write");
            }
        }
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_back_as_it_was_written() {
        let asked = Asked {
            path: "/p".to_owned(),
            find: "a&b".to_owned(),
            open: Some("é/1".to_owned()),
            after: Some("z".to_owned()),
        };
        let uri = asked.address().parse().expect("addresses are ASCII");
        assert_eq!(Asked::of("/p".to_owned(), &uri), asked);
        let plain = Asked { find: String::new(), open: None, after: None, ..asked };
        assert_eq!(plain.address(), "/p");
    }
}
