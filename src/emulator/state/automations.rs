//! Automations the workspace has, and the events that start them.
//!
//! Courier has them drawn in Studio; here they are written through the emulator's own routes or its page. Links are what
//! Studio makes of its "+": an event's name, by the way it comes in, and the automation it starts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::super::retention::{Limits, Table, value_weight};
use super::records::InboundKind;

/// Security: as many as anybody could draw. What is over is refused, since forgetting links in silence would puzzle.
const MOST_LINKS: usize = 10_000;
/// Security: an id is foreign; longer ones than this are nobody's.
const MAX_ID_CHARS: usize = 200;
/// Security: each is a run for each such event.
const MOST_FOR_ONE_EVENT: usize = 100;
const TEMPLATES: Limits = Limits { entries: 10_000, bytes: 32 * 1024 * 1024 };

/// A stored automation.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// What people call it.
    pub name: String,
    /// Its steps, as `POST /automations/invoke` takes them; `refs.…` and `{"$ref": …}` are resolved in each run.
    pub steps: Arc<[Value]>,
    /// What cancels its runs, usually something like `refs.data.order_id`.
    pub cancelation_token: Option<String>,
    /// When it was made, since the Unix epoch.
    pub created: Duration,
    /// When it was written last, since the Unix epoch.
    pub updated: Duration,
}

/// An event that starts an automation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The way the event comes in. A trigger of one product does not hear events of another.
    pub source: InboundKind,
    /// `track/NAME`, `identify` or `group`, compared exactly.
    pub on: String,
    /// The automation's id or alias.
    pub template: String,
}

impl Link {
    /// Whether `template` can be an automation's id. `.` and `..` are none in a path, so no sink could be told of them.
    pub(in super::super) fn names_automation(&self) -> bool {
        let template = self.template.as_str();
        !matches!(template, "" | "." | "..") && template.chars().count() <= MAX_ID_CHARS
    }
}

/// Templates and links.
#[derive(Debug)]
pub(in super::super) struct Automations {
    pub(in super::super) templates: Table<Arc<str>, Template>,
    links: BTreeSet<Link>,
    /// How often any of them was changed.
    version: u64,
}

impl Automations {
    pub(in super::super) fn new() -> Self {
        Self { templates: Table::new(TEMPLATES), links: BTreeSet::new(), version: 0 }
    }

    /// What is another whenever any of them was changed.
    pub(in super::super) const fn version(&self) -> u64 {
        self.version
    }

    /// Creates or replaces a template; `created` of one that is there stays.
    pub(in super::super) fn put(&mut self, id: &str, mut template: Template) {
        if let Some(known) = self.templates.get(id) {
            template.created = known.created;
        }
        self.version += 1;
        let steps: usize = template.steps.iter().map(value_weight).sum();
        self.templates.insert(Arc::from(id), template, id.len() + steps);
    }

    /// Removes a template with the links to it; false where there is none.
    pub(in super::super) fn remove(&mut self, id: &str) -> bool {
        self.version += 1;
        let is_removed = self.templates.remove(id).is_some();
        if is_removed {
            self.links.retain(|link| link.template != id);
        }
        is_removed
    }

    /// Adds a link; false where there are too many already.
    pub(in super::super) fn link(&mut self, link: Link) -> bool {
        let has_room = self.links.len() < MOST_LINKS
            && self.linked(link.source, &link.on).len() < MOST_FOR_ONE_EVENT;
        let has_room = has_room || self.links.contains(&link);
        self.version += 1;
        if has_room {
            self.links.insert(link);
        }
        has_room
    }

    /// Removes a link; false where there is none.
    pub(in super::super) fn unlink(&mut self, link: &Link) -> bool {
        self.version += 1;
        self.links.remove(link)
    }

    pub(in super::super) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.iter()
    }

    /// Whether any event starts any automation.
    pub(in super::super) fn are_linked(&self) -> bool {
        !self.links.is_empty()
    }

    /// The automations an event starts.
    pub(in super::super) fn linked(&self, source: InboundKind, on: &str) -> Vec<String> {
        let first = Link { source, on: on.to_owned(), template: String::new() };
        let links = self.links.range(first..);
        links
            .take_while(|link| link.source == source && link.on == on)
            .map(|link| link.template.clone())
            .collect()
    }
}
