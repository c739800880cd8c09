//! What a page of events is made of: a bounded feed, the list with its filter and search, an event's details, the frame
//! around all views, and the news that something has changed.
//!
//! In: rows, from whoever saw events. Out: responses of HTML, and of server-sent events. It knows neither the sink nor the
//! emulator; what stands on the other tabs is theirs. All that comes from outside is escaped by the templates.

mod browser;
mod chart;
#[cfg(test)]
mod contrast;
mod events;
mod feed;
mod filter;
mod frame;
mod mapping;
mod news;
mod payload;
mod row;

pub(crate) use browser::{Guard, fields};
pub(crate) use events::events;
pub(crate) use feed::Feed;
pub(crate) use filter::Filter;
pub(crate) use frame::{Frame, Tab, assets};
#[cfg(feature = "emulator")]
pub(crate) use frame::{encoded, moment, redirect, respond, time};
pub(crate) use mapping::block;
pub(crate) use news::{News, news};
#[cfg(feature = "emulator")]
pub(crate) use payload::payload;
pub(crate) use row::{Outcome, Request, Row};
