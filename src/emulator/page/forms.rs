//! What browsers may change: links between events and automations, and automations made for one.

use std::sync::Arc;

use serde_json::json;

use super::super::state::{InboundKind, Link, Template};
use super::{BASE, Page};

/// What a form's fields do to the state. It gives where the browser goes next, or why it was refused.
type Change = fn(&Page, &[(String, String)]) -> Result<String, &'static str>;

/// A form: where it goes, and what it does.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub(super) path: &'static str,
    pub(super) change: Change,
}

pub(super) const FORMS: [Form; 2] =
    [Form { path: "/link", change: link }, Form { path: "/unlink", change: unlink }];

/// Links an event to an automation; a new one is made for it where that is asked for.
fn link(page: &Page, fields: &[(String, String)]) -> Result<String, &'static str> {
    let fresh = field(fields, "new").trim();
    let template = if fresh.is_empty() { field(fields, "template") } else { fresh };
    let link = read(fields, template)?;
    let now = page.courier.settings().clock.now().since_epoch();
    let mut state = page.courier.state();
    if !fresh.is_empty() && state.automations.templates.get(fresh).is_none() {
        let template = Template {
            name: fresh.to_owned(),
            // The shortest there is: it sends the notification of the same name to the event's user.
            steps: Arc::from([json!({"action": "send", "template": fresh})]),
            cancelation_token: None,
            created: now,
            updated: now,
        };
        state.automations.put(fresh, template);
    }
    if !state.automations.link(link) {
        return Err("there are too many links; remove one first");
    }
    Ok(back(fields))
}

fn unlink(page: &Page, fields: &[(String, String)]) -> Result<String, &'static str> {
    let link = read(fields, field(fields, "template"))?;
    page.courier.state().automations.unlink(&link);
    Ok(back(fields))
}

fn read(fields: &[(String, String)], template: &str) -> Result<Link, &'static str> {
    let source = field(fields, "source");
    let source = InboundKind::ALL.into_iter().find(|kind| kind.name() == source);
    let on = field(fields, "on");
    let is_event = matches!(on, "identify" | "group")
        || on.strip_prefix("track/").is_some_and(|name| !name.is_empty());
    let Some(source) = source else { return Err("there is no such event") };
    let link = Link { source, on: on.to_owned(), template: template.to_owned() };
    match (link.names_automation(), is_event) {
        (false, _) => Err("choose an automation, or name a new one"),
        (true, false) => Err("there is no such event"),
        (true, true) => Ok(link),
    }
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
}

/// Where the form stood.
fn back(fields: &[(String, String)]) -> String {
    let back = field(fields, "back");
    // Security: never to another site, which `//` or a scheme would be.
    let is_ours = back.strip_prefix(BASE).is_some_and(|rest| {
        rest.is_empty()
            || rest.starts_with(['/', '?']) && rest.bytes().all(|byte| byte.is_ascii_graphic())
    });
    if is_ours { back.to_owned() } else { BASE.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_this_page_only() {
        let to = |back: &str| super::back(&[("back".to_owned(), back.to_owned())]);
        assert_eq!(to("/emulator/page?open=3"), "/emulator/page?open=3");
        assert_eq!(to("/emulator/page/automations"), "/emulator/page/automations");
        for elsewhere in [
            "",
            "//evil.example",
            "https://evil.example",
            "/emulator/page.evil",
            "/emulator/page/\r\nx",
        ] {
            assert_eq!(to(elsewhere), BASE, "{elsewhere}");
        }
    }
}
