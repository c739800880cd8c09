//! Messages that a real Courier would have sent.

use std::time::Duration;

use maud::{Markup, html};

use super::super::state::{Message, MessageStatus};
use super::Page;
use super::asked::Asked;
use crate::page::{encoded, moment, payload, time};

/// Messages on one page of the list.
const MESSAGES: usize = 100;

pub(super) fn view(page: &Page, asked: &Asked) -> Markup {
    let now = page.now();
    let state = page.courier.state();
    let messages = state.messages.newest(asked.after.as_deref()).take(MESSAGES + 1);
    let mut messages: Vec<&Message> = messages.collect();
    let has_more = messages.len() > MESSAGES;
    messages.truncate(MESSAGES);
    let open = asked.open.as_deref().and_then(|id| state.messages.get(id));
    html! {
        div.split.opened[open.is_some()] data-part="layout" data-class="" {
            section.card.list data-part="rows" {
                @if messages.is_empty() {
                    div.nothing { h2 { "No messages yet" } p { "What automations and " code { "POST /send" } " would send \
                        is listed here. Nothing leaves this machine." } }
                } @else {
                    table.rows {
                        thead { tr {
                            th.time scope="col" { "Time" } th.name scope="col" { "Notification" }
                            th.user scope="col" { "Recipient" } th.request scope="col" { "Message" }
                            th.outcome scope="col" { "Status" }
                        } }
                        tbody { @for message in &messages { (entry(message, now, asked)) } }
                    }
                }
                div.pages {
                    span.quiet { (state.messages.next()) " in all" }
                    @if asked.after.is_some() { a href=(asked.first()) data-soft="" { "Newest" } }
                    @if let (true, Some(last)) = (has_more, messages.last()) {
                        a href=(asked.past(&last.id)) data-soft="" { "Older" }
                    }
                }
            }
            @if let Some(message) = open {
                aside.card.details #details aria-label="Details" data-part=(format!("message-{}", message.id)) {
                    (about(page, message, now, asked))
                }
            }
        }
    }
}

fn entry(message: &Message, now: Duration, asked: &Asked) -> Markup {
    let is_open = asked.open.as_ref() == Some(&message.id);
    html! {
        tr data-number="" aria-current=[is_open.then_some("true")] {
            td.time { (time(message.at)) }
            td.name { a id=(format!("message-{}", message.id)) href=(asked.opening(&message.id)) data-soft="" {
                (name(message)) } }
            td.user { (recipient(message)) }
            td.request { (message.id) }
            td.outcome { (status(message, now)) }
        }
    }
}

fn about(page: &Page, message: &Message, now: Duration, asked: &Asked) -> Markup {
    html! {
        header {
            div { (status(message, now)) h2 { (name(message)) } }
            a.close #close href=(asked.closed()) data-soft="" aria-label="Close" title="Close (esc)" { "×" }
        }
        dl {
            dt { "Message" } dd.mono { (message.id) }
            dt { "Recipient" } dd { (recipient(message)) }
            dt { "Filed under" } dd { (message.event) }
            dt { "Due" } dd { (moment(message.at)) }
            @if let Some(run) = &message.run_id {
                dt { "Sent by run" }
                dd.mono { a.more href=(format!("{}?open={}", page.frame.link("/runs"), encoded(run))) { (run) } }
            }
        }
        h3 { "Content" }
        (payload(message.request.to_string().as_bytes()))
    }
}

fn name(message: &Message) -> &str {
    if message.notification.is_empty() { "its own content" } else { &message.notification }
}

fn recipient(message: &Message) -> Markup {
    html! { @if message.recipient.is_empty() { span.quiet { "nobody" } } @else { (message.recipient) } }
}

/// What became of it, or that its run has a delay before it.
fn status(message: &Message, now: Duration) -> Markup {
    let tone = match message.status {
        MessageStatus::Simulated if message.at > now => {
            return html! { span.state.quiet { "due later" } };
        }
        MessageStatus::Simulated => "good",
        MessageStatus::Unroutable => "bad",
        MessageStatus::Canceled => "warn",
    };
    html! { span class=(format!("state {tone}")) { (message.status.as_str().to_lowercase()) } }
}
