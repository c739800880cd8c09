//! Whether a user's consent lets an event go to Courier, by rudder-server's rule (`processor/consent.go`).

use crate::event::Event;
use crate::json::{Json, Kind};

/// The consents Courier needs, as configured for a destination in RudderStack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// `oneTrust`, `ketch`, `iubenda`, `custom`: compared with `context.consentManagement.provider`
    pub provider: String,
    /// The ids of the consents; never empty
    pub ids: Vec<String>,
    /// How many of them are needed, for the provider `custom`; other providers' events say it themselves
    pub strategy: ConsentStrategy,
}

/// How many of the configured consents are needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConsentStrategy {
    /// All: one denied blocks
    #[default]
    And,
    /// Any: only all denied block
    Or,
}

impl Consent {
    /// Whether the event must not go to Courier.
    pub(super) fn denies(&self, event: &Event) -> bool {
        let management = event.context.as_ref().and_then(|it| it.member("consentManagement"));
        let Some(management) = management.filter(|it| it.kind() == Kind::Object) else {
            return false;
        };
        let denied = denied_ids(&management);
        let text = |name| management.member(name).and_then(|it| it.to_text()).unwrap_or_default();
        let provider = text("provider");
        let strategy = if provider == self.provider {
            match (provider.as_str(), text("resolutionStrategy").as_str()) {
                ("custom", _) => self.strategy,
                (_, "or") => ConsentStrategy::Or,
                _ => ConsentStrategy::And,
            }
        } else if provider.is_empty() {
            // Events of older SDKs name no provider; these two were all there was.
            match self.provider.as_str() {
                "oneTrust" => ConsentStrategy::And,
                "ketch" => ConsentStrategy::Or,
                _ => return false,
            }
        } else {
            return false;
        };
        let is_denied = |id: &String| denied.contains(id);
        match strategy {
            ConsentStrategy::And => self.ids.iter().any(is_denied),
            ConsentStrategy::Or => self.ids.iter().all(is_denied),
        }
    }
}

/// The denied ids that are text. As in Go's decoder, an element of another kind takes no other with it.
fn denied_ids(management: &Json) -> Vec<String> {
    let ids = management.member("deniedConsentIds");
    let ids = ids.map(|ids| ids.elements()).unwrap_or_default();
    ids.iter().filter_map(Json::to_text).filter(|id| !id.is_empty()).collect()
}
