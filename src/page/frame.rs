//! The frame around every view: head, tabs, what keeps a browser from doing more than it is told, and the two files of our
//! own that views load. Nothing is loaded from elsewhere.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, StatusCode};
use maud::{DOCTYPE, Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::clock::Time;

/// Asks for the view alone, without the frame: what our script does.
const PART: HeaderName = HeaderName::from_static("x-part");

/// Security: nothing from elsewhere, nothing inline, nothing framed; forms go back to where they came from.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// All but what never needs it, so that addresses stay legible.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
const ICON: &str = include_str!("icon.svg");

/// What all views of one page have in common.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The path all of them are below, without a slash at its end
    pub(crate) base: &'static str,
    /// What the page is of
    pub(crate) title: &'static str,
    /// What stands beside the title
    pub(crate) subtitle: String,
    pub(crate) tabs: &'static [Tab],
    /// What is said while nothing has come
    pub(crate) waiting: &'static str,
    /// What the choice of what went wrong is called
    pub(crate) refused: &'static str,
    /// The sinks whose events are shown, where those are several
    pub(crate) sinks: Vec<String>,
}

/// A view one can go to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tab {
    /// Below the base
    pub(crate) path: &'static str,
    pub(crate) label: &'static str,
}

impl Frame {
    /// The view `tab` as a whole document, or alone where that is asked for.
    pub(crate) fn response(&self, headers: &HeaderMap, tab: &str, view: &Markup) -> Response {
        let whole = headers.get(PART).is_none();
        let text = if whole { self.document(tab, view).into_string() } else { view.0.clone() };
        respond("text/html; charset=utf-8", text)
    }

    /// An address within the page.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn document(&self, tab: &str, view: &Markup) -> Markup {
        let label = self.tabs.iter().find(|it| it.path == tab).map_or("", |it| it.label);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (label) " · " (self.title) }
                    link rel="icon" href=(self.link("/icon.svg")) type="image/svg+xml";
                    link rel="stylesheet" href=(self.link("/style.css"));
                    script src=(self.link("/script.js")) defer {}
                }
                body data-news=(self.link("/news")) {
                    a.skip href="#view" { "Skip to the content" }
                    header.top {
                        a.brand href=(self.base) {
                            svg.mark viewBox="0 0 24 24" aria-hidden="true" {
                                path d="M3 6.5 21 3l-6.2 18-3.6-7.6z" {}
                                path.fold d="M21 3 11.2 13.4" {}
                            }
                            span { (self.title) }
                            small { (self.subtitle) }
                        }
                        nav aria-label="Views" {
                            @for it in self.tabs {
                                a href=(self.link(it.path)) aria-current=[(it.path == tab).then_some("page")] {
                                    (it.label)
                                }
                            }
                        }
                        button #pause type="button" aria-pressed="false" title="Stop and go on (p)" {
                            span.pulse aria-hidden="true" {}
                            span #state { "Live" }
                        }
                    }
                    h1.unseen { (label) }
                    main #view tabindex="-1" { (view) }
                    footer.keys {
                        span { kbd { "/" } " search" }
                        span { kbd { "j" } kbd { "k" } " next and previous" }
                        span { kbd { "↵" } " open" }
                        span { kbd { "esc" } " close" }
                        span { kbd { "p" } " pause" }
                        span { kbd { "1" } "–" kbd { (self.tabs.len()) } " views" }
                    }
                }
            }
        }
    }
}

/// Serves the style, the script and the icon below `base`.
pub(crate) fn assets(router: Router, base: &str) -> Router {
    let file =
        |kind: &'static str, text: &'static str| get(async move || respond(kind, text.to_owned()));
    router
        .route(&format!("{base}/style.css"), file("text/css; charset=utf-8", STYLE))
        .route(&format!("{base}/script.js"), file("text/javascript; charset=utf-8", SCRIPT))
        .route(&format!("{base}/icon.svg"), file("image/svg+xml", ICON))
}

/// An answer of text, with the headers all of them have.
pub(crate) fn respond(kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Sends a browser on to another view after a form.
pub(crate) fn redirect(to: &str) -> Response {
    let mut response = respond("text/plain; charset=utf-8", String::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

/// Text as a part of an address.
pub(crate) fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, ENCODED)
}

/// A time of day to the millisecond, with its date on hover.
pub(crate) fn time(since_epoch: std::time::Duration) -> Markup {
    let text = Time::from_epoch(since_epoch).to_string();
    let clock = text.split_once('T').map_or(text.as_str(), |(_, clock)| clock);
    html! { time datetime=(text) title=(text) { (clock.trim_end_matches('Z')) } }
}

/// A time that may be on another day than what it stands beside.
pub(crate) fn moment(since_epoch: std::time::Duration) -> Markup {
    let text = Time::from_epoch(since_epoch).to_string();
    html! { time datetime=(text) { (text.trim_end_matches('Z').replace('T', " ")) } }
}
