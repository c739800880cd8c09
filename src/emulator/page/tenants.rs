//! Tenants by id, those that only memberships name included, and of one what it holds and who belongs to it.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::super::state::State;
use super::Page;
use super::asked::Asked;
use super::table::{Listed, listed};
use crate::page::{encoded, payload};

/// Security: a tenant may have any number of members; so many are shown.
const MAX_MEMBERS: usize = 200;

pub(super) fn view(page: &Page, asked: &Asked) -> Markup {
    let state = page.courier.state();
    let found = Listed::of(&state.tenants, |from| state.memberships.tenants(from), asked);
    let is_known = |id: &&str| {
        state.tenants.get(*id).is_some() || state.memberships.of_tenant(id, None).next().is_some()
    };
    let columns = [("name", "Tenant"), ("email", "Name"), ("also", "Parent")];
    let cells = |tenant: &Map<String, Value>| {
        let text = |name: &str| tenant.get(name).and_then(Value::as_str).unwrap_or_default();
        html! { td { (text("name")) } td.quiet { (text("parent_tenant_id")) } }
    };
    let open = asked.open.as_deref().filter(is_known);
    let details = open.map(|id| (id, about(page, &state, id)));
    listed(asked, "tenants", &columns, &found, &cells, details)
}

fn about(page: &Page, state: &State, id: &str) -> Markup {
    let mut members: Vec<_> = state.memberships.of_tenant(id, None).take(MAX_MEMBERS + 1).collect();
    let has_more = members.len() > MAX_MEMBERS;
    members.truncate(MAX_MEMBERS);
    html! {
        h3 { "Members" }
        div.chips {
            @for (user, _) in &members {
                a.chip href=(format!("{}?open={}", page.frame.link("/profiles"), encoded(user))) { (user) }
            }
            @if has_more { span.quiet { "and more" } }
            @if members.is_empty() { span.quiet { "nobody" } }
        }
        h3 { "Tenant" }
        @match state.tenants.get(id) {
            Some(tenant) => (payload(Value::Object(tenant.clone()).to_string().as_bytes())),
            None => p.quiet { "Nothing was written of it, but it has members all the same." },
        }
    }
}
