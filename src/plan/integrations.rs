//! Whether an event's `integrations` lets it go to Courier, by rudder-server's rule
//! (`processor/integrations/integrations.go`).

use crate::event::Event;
use crate::json::Kind;

/// Our name: RudderStack's server compares `Courier`, its documentation says `COURIER`, its transformer takes any of
/// the three. All count, and a `false` under any of them is obeyed.
const NAMES: [&str; 3] = ["Courier", "COURIER", "courier"];

/// Whether the event may go to Courier.
pub(super) fn allow(event: &Event) -> bool {
    let Some(integrations) = &event.integrations else {
        return true;
    };
    if integrations.kind() != Kind::Object {
        return false;
    }
    let members = integrations.members();
    let all = match members.get("All") {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return false,
    };
    let mut named = None;
    for value in NAMES.iter().filter_map(|name| members.get(name)) {
        match (value, Kind::of(value)) {
            ("false", _) => return false,
            ("true", _) | (_, Kind::Object) => named = Some(true),
            // Anything else says nothing about us.
            _ => {}
        }
    }
    named.unwrap_or(all)
}
