//! Profiles by id, users without one who are members included, and of one what it holds and which tenants its user belongs to.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::super::state::State;
use super::Page;
use super::asked::Asked;
use super::table::{Listed, listed};
use crate::page::{encoded, payload};

/// Security: a user may be in any number of tenants; so many are shown.
const MAX_TENANTS: usize = 100;

pub(super) fn view(page: &Page, asked: &Asked) -> Markup {
    let state = page.courier.state();
    let found = Listed::of(&state.profiles, |from| state.memberships.users(from), asked);
    let is_known = |id: &&str| {
        state.profiles.get(*id).is_some() || state.memberships.of_user(id, None).next().is_some()
    };
    let columns = [("name", "User"), ("email", "Email"), ("also", "Name")];
    let cells = |profile: &Map<String, Value>| {
        let text = |name: &str| profile.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = [text("given_name"), text("family_name")].join(" ");
        let name = if name.trim().is_empty() { text("name").to_owned() } else { name };
        html! { td { (text("email")) } td.quiet { (name) } }
    };
    let open = asked.open.as_deref().filter(is_known);
    let details = open.map(|id| (id, about(page, &state, id)));
    listed(asked, "profiles", &columns, &found, &cells, details)
}

fn about(page: &Page, state: &State, id: &str) -> Markup {
    let tenants: Vec<_> = state.memberships.of_user(id, None).take(MAX_TENANTS).collect();
    html! {
        @if !tenants.is_empty() {
            h3 { "Tenants" }
            div.chips {
                @for (tenant, _) in tenants {
                    a.chip href=(format!("{}?open={}", page.frame.link("/tenants"), encoded(tenant))) { (tenant) }
                }
            }
        }
        h3 { "Profile" }
        @match state.profiles.get(id) {
            Some(profile) => (payload(Value::Object(profile.clone()).to_string().as_bytes())),
            None => p.quiet { "Nothing was written of this user, who is a member all the same." },
        }
    }
}
