//! The page of a run: events as they come, what they became and how they ended, and what the mapping starts by them.
//!
//! In: what the sinks' taps show, and browsers. Out: views that read and change nothing. It holds payloads, which are
//! personal data, so it is there only where it is asked for, and on loopback only.

mod automations;
mod rows;
mod store;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, Uri};
use maud::Markup;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::page::{self, Filter, Frame, News, Tab, fields};
use crate::plan::Rules;
use crate::tap::Sightings;
use crate::transport::ApiKeys;
use rows::Secrets;
use store::Store;

const BASE: &str = "/page";

const TABS: &[Tab] =
    &[Tab { path: "", label: "Events" }, Tab { path: "/automations", label: "Automations" }];

/// Security: of the endpoint's connections so many may be pages that listen; the others are for probes.
const MAX_LISTENERS: usize = 8;

/// A sink whose events are shown.
#[derive(Debug)]
pub(in crate::runner) struct ShownSink {
    /// Its name
    pub(in crate::runner) name: Arc<str>,
    /// By which it plans now
    pub(in crate::runner) rules: watch::Receiver<Arc<Rules>>,
    /// What must not be shown
    pub(in crate::runner) keys: ApiKeys,
}

/// Everything a view needs.
#[derive(Debug)]
pub(in crate::runner) struct EventsPage {
    store: Arc<Store>,
    sinks: Vec<ShownSink>,
    frame: Frame,
    news: News,
    clock: Clock,
}

type View = fn(&EventsPage, &[(String, String)]) -> Markup;

const VIEWS: [(&str, View); 2] = [("", EventsPage::events), ("/automations", automations::view)];

impl ShownSink {
    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.borrow())
    }
}

impl EventsPage {
    /// A page of these sinks that keeps the newest events, so many at most.
    pub(in crate::runner) fn new(sinks: Vec<ShownSink>, most: usize, clock: Clock) -> Self {
        let secrets = Secrets(sinks.iter().map(|sink| sink.keys.clone()).collect());
        let names = sinks.iter().map(|sink| sink.name.as_ref().to_owned());
        let frame = Frame {
            base: BASE,
            title: "courier-sink",
            subtitle: "live".to_owned(),
            tabs: TABS,
            waiting: "What the sources of this run read appears here by itself.",
            refused: "Rejected and errored",
            sinks: if sinks.len() > 1 { names.collect() } else { Vec::new() },
        };
        Self {
            store: Arc::new(Store::new(most, secrets)),
            sinks,
            frame,
            news: News::with_room(MAX_LISTENERS),
            clock,
        }
    }

    /// Takes what the sinks show, for ever. Dropping the future ends it.
    pub(in crate::runner) fn follow(
        &self,
        sightings: Sightings,
    ) -> impl Future<Output = ()> + Send + 'static {
        Arc::clone(&self.store).follow(sightings)
    }

    fn events(&self, fields: &[(String, String)]) -> Markup {
        let filter = Filter::of(fields);
        let shown = self.store.look();
        let details = |row: &page::Row| automations::details(self, row);
        let now = self.clock.now().since_epoch();
        page::events(&self.frame, &shown.feed, &filter, now, &details)
    }

    /// A view, made where it holds nobody up: a search goes through every payload.
    async fn view(
        self: Arc<Self>,
        (path, view): (&'static str, View),
        headers: HeaderMap,
        uri: Uri,
    ) -> Response {
        let made = tokio::task::spawn_blocking(move || {
            let fields = fields(uri.query().unwrap_or_default().as_bytes());
            self.frame.response(&headers, path, &view(&self, &fields))
        });
        made.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }

    fn news(&self) -> Response {
        let store = Arc::clone(&self.store);
        page::news(&self.news, move || store.version().to_string())
    }
}

/// The paths of the page.
pub(super) fn routes(page: &Arc<EventsPage>) -> Router {
    let mut router = page::assets(Router::new(), BASE);
    for view in VIEWS {
        let page = Arc::clone(page);
        let shown = async move |headers: HeaderMap, uri: Uri| {
            Arc::clone(&page).view(view, headers, uri).await
        };
        router = router.route(&format!("{BASE}{}", view.0), get(shown));
    }
    let page = Arc::clone(page);
    router.route(&format!("{BASE}/news"), get(async move || page.news()))
}
