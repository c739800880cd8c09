//! The emulator's page: what Courier received, as Studio's page for RudderStack shows it, and what came of it.
//!
//! In: browsers below `/emulator/page`. Out: the views, and links between events and automations that browsers make. It
//! reads the state as the routes do, for as short as they hold it. What is dear, making rows of the log, happens beside it,
//! and only while somebody looks: see `follow`.

mod asked;
mod automations;
mod export;
mod follow;
mod forms;
mod linking;
mod messages;
mod profiles;
mod rows;
mod runs;
mod table;
mod tenants;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, Uri};
use maud::Markup;

use super::courier::Courier;
use crate::page::{self, Filter, Frame, Guard, News, Tab, fields};
use asked::Asked;
use follow::Follower;

const BASE: &str = "/emulator/page";

const TABS: &[Tab] = &[
    Tab { path: "", label: "Events" },
    Tab { path: "/automations", label: "Automations" },
    Tab { path: "/runs", label: "Runs" },
    Tab { path: "/messages", label: "Messages" },
    Tab { path: "/profiles", label: "Profiles" },
    Tab { path: "/tenants", label: "Tenants" },
];

/// Everything a view needs.
#[derive(Debug)]
struct Page {
    courier: Courier,
    frame: Frame,
    guard: Guard,
    follower: Mutex<Follower>,
    news: News,
}

type View = fn(&Page, &Asked) -> Markup;

const VIEWS: [(&str, View); 5] = [
    ("/automations", automations::view),
    ("/runs", runs::view),
    ("/messages", messages::view),
    ("/profiles", profiles::view),
    ("/tenants", tenants::view),
];

/// Adds the page to a router.
pub(super) fn routes(courier: &Courier, router: Router) -> Router {
    let is_loopback = courier.settings().address.ip().is_loopback();
    let page = Arc::new(Page {
        courier: courier.clone(),
        frame: Frame {
            base: BASE,
            title: "Courier",
            subtitle: "emulated".to_owned(),
            tabs: TABS,
            waiting: "Point a sink, an SDK or curl at this address: what arrives appears here by itself.",
            refused: "Refused only",
            sinks: Vec::new(),
        },
        guard: Guard { is_loopback },
        follower: Mutex::default(),
        news: News::default(),
    });
    let mut router = page::assets(router, BASE);
    for (path, view) in VIEWS {
        let page = Arc::clone(&page);
        let shown = async move |headers: HeaderMap, uri: Uri| page.view(path, view, &headers, &uri);
        router = router.route(&format!("{BASE}{path}"), get(shown));
    }
    let [list, news, mapping] = [(); 3].map(|()| Arc::clone(&page));
    for form in forms::FORMS {
        let page = Arc::clone(&page);
        let done = async move |headers: HeaderMap, body: Bytes| page.form(form, &headers, &body);
        router = router.route(&format!("{BASE}{}", form.path), post(done));
    }
    let router = ["/", "/emulator"].into_iter().fold(router, |router, path| {
        // Who types the address into a browser wants to look.
        router.route(path, get(async || page::redirect(BASE)))
    });
    router
        .route(BASE, get(async move |headers: HeaderMap, uri: Uri| list.events(&headers, &uri)))
        .route(&format!("{BASE}/news"), get(async move |headers: HeaderMap| news.news(&headers)))
        .route(
            &format!("{BASE}/mapping.toml"),
            get(async move |headers: HeaderMap| mapping.mapping(&headers)),
        )
}

impl Page {
    fn events(&self, headers: &HeaderMap, uri: &Uri) -> Response {
        if let Err(status) = self.guard.shows(headers) {
            return status.into_response();
        }
        let filter = Filter::of(&fields(uri.query().unwrap_or_default().as_bytes()));
        let follower = self.follower();
        let details = |row: &page::Row| linking::details(self, row, &filter);
        let view = page::events(&self.frame, follower.feed(), &filter, self.now(), &details);
        self.frame.response(headers, "", &view)
    }

    fn view(&self, path: &'static str, view: View, headers: &HeaderMap, uri: &Uri) -> Response {
        if let Err(status) = self.guard.shows(headers) {
            return status.into_response();
        }
        let asked = Asked::of(self.frame.link(path), uri);
        self.frame.response(headers, path, &view(self, &asked))
    }

    fn form(&self, form: forms::Form, headers: &HeaderMap, body: &[u8]) -> Response {
        if let Err(status) = self.guard.changes(headers) {
            return status.into_response();
        }
        match (form.change)(self, &fields(body)) {
            Ok(back) => page::redirect(&back),
            Err(refusal) => (http::StatusCode::BAD_REQUEST, refusal).into_response(),
        }
    }

    /// Nobody reads the log while nobody listens.
    fn news(self: &Arc<Self>, headers: &HeaderMap) -> Response {
        if let Err(status) = self.guard.shows(headers) {
            return status.into_response();
        }
        let page = Arc::clone(self);
        page::news(&self.news, move || {
            let now = page.now();
            let read = page.follower().read();
            let state = page.courier.state();
            // All else that is shown is changed by requests, and those are read.
            let automations = state.automations.version();
            let ended = state.runs.ended_last(now).unwrap_or_default();
            format!("{read} {automations} {} {}", ended.0.as_millis(), ended.1)
        })
    }

    fn mapping(&self, headers: &HeaderMap) -> Response {
        if let Err(status) = self.guard.shows(headers) {
            return status.into_response();
        }
        let text = export::toml(self.courier.state().automations.links());
        page::respond("text/plain; charset=utf-8", text)
    }

    fn now(&self) -> Duration {
        self.courier.settings().clock.now().since_epoch()
    }

    /// The events, as far as they are read by now.
    fn follower(&self) -> MutexGuard<'_, Follower> {
        let mut follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner);
        follower.catch_up(&self.courier);
        follower
    }
}
