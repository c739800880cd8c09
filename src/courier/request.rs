//! One HTTP request to Courier, as data.

use super::{Body, Class, Endpoint, TemplateId, TenantId, UserId};

/// One request to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `POST /profiles/{user}`: creates the profile, or merges into it.
    PostProfile {
        /// Whose profile
        user: UserId,
        /// `{"profile": {…}}`
        body: Body,
    },
    /// `GET /tenants/{tenant}`
    GetTenant {
        /// Which tenant
        tenant: TenantId,
    },
    /// `PUT /tenants/{tenant}`: creates the tenant, or replaces it whole.
    PutTenant {
        /// Which tenant
        tenant: TenantId,
        /// `{"name": …, "properties": {…}, …}`
        body: Body,
    },
    /// `PUT /users/{user}/tenants/{tenant}`
    PutMembership {
        /// Who joins
        user: UserId,
        /// What they join
        tenant: TenantId,
    },
    /// `POST /automations/invoke`
    InvokeAdHoc {
        /// `{"automation": {"steps": […]}, …}`
        body: Body,
    },
    /// `POST /automations/{template}/invoke`
    InvokeAutomation {
        /// Which automation
        template: TemplateId,
        /// `{"recipient": …, "data": {…}, …}`
        body: Body,
    },
    /// `POST /journeys/{journey}/invoke`
    InvokeJourney {
        /// Which journey
        journey: TemplateId,
        /// `{"user_id": …, "data": {…}, …}`
        body: Body,
    },
    /// `POST /inbound/courier`
    InboundCourier {
        /// `{"event": …, "messageId": …, "type": "track", "properties": {…}}`
        body: Body,
    },
    /// `POST /inbound/rudderstack`
    InboundRudderStack {
        /// The event
        body: Body,
    },
    /// `GET /tenants?limit=1`: documented, cheap, changes nothing; the health check.
    ListTenants,
}

/// The methods used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

impl Method {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

impl Request {
    /// Which endpoint it goes to.
    pub const fn endpoint(&self) -> Endpoint {
        match self {
            Self::PostProfile { .. } => Endpoint::PostProfile,
            Self::GetTenant { .. } => Endpoint::GetTenant,
            Self::PutTenant { .. } => Endpoint::PutTenant,
            Self::PutMembership { .. } => Endpoint::PutMembership,
            Self::InvokeAdHoc { .. } => Endpoint::InvokeAdHoc,
            Self::InvokeAutomation { .. } => Endpoint::InvokeAutomation,
            Self::InvokeJourney { .. } => Endpoint::InvokeJourney,
            Self::InboundCourier { .. } => Endpoint::InboundCourier,
            Self::InboundRudderStack { .. } => Endpoint::InboundRudderStack,
            Self::ListTenants => Endpoint::ListTenants,
        }
    }

    /// The class whose pace it shares.
    pub const fn class(&self) -> Class {
        self.endpoint().class()
    }

    /// The method.
    pub const fn method(&self) -> Method {
        match self {
            Self::GetTenant { .. } | Self::ListTenants => Method::Get,
            Self::PutTenant { .. } | Self::PutMembership { .. } => Method::Put,
            Self::PostProfile { .. }
            | Self::InvokeAdHoc { .. }
            | Self::InvokeAutomation { .. }
            | Self::InvokeJourney { .. }
            | Self::InboundCourier { .. }
            | Self::InboundRudderStack { .. } => Method::Post,
        }
    }

    /// The path below the endpoint's URL, encoded, with its query.
    pub fn path(&self) -> String {
        match self {
            Self::PostProfile { user, .. } => format!("/profiles/{}", user.encoded()),
            Self::GetTenant { tenant } | Self::PutTenant { tenant, .. } => {
                format!("/tenants/{}", tenant.encoded())
            }
            Self::PutMembership { user, tenant } => {
                format!("/users/{}/tenants/{}", user.encoded(), tenant.encoded())
            }
            Self::InvokeAdHoc { .. } => "/automations/invoke".to_owned(),
            Self::InvokeAutomation { template, .. } => {
                format!("/automations/{}/invoke", template.encoded())
            }
            Self::InvokeJourney { journey, .. } => {
                format!("/journeys/{}/invoke", journey.encoded())
            }
            Self::InboundCourier { .. } => "/inbound/courier".to_owned(),
            Self::InboundRudderStack { .. } => "/inbound/rudderstack".to_owned(),
            Self::ListTenants => "/tenants?limit=1".to_owned(),
        }
    }

    /// The body; none for a GET.
    pub fn body(&self) -> Option<Body> {
        match self {
            Self::PostProfile { body, .. }
            | Self::PutTenant { body, .. }
            | Self::InvokeAdHoc { body }
            | Self::InvokeAutomation { body, .. }
            | Self::InvokeJourney { body, .. }
            | Self::InboundCourier { body }
            | Self::InboundRudderStack { body } => Some(body.clone()),
            // Courier requires a body here, even if there is nothing to say.
            Self::PutMembership { .. } => Some(Body::empty_object()),
            Self::GetTenant { .. } | Self::ListTenants => None,
        }
    }

    /// How many bytes its body has.
    pub fn body_len(&self) -> usize {
        match self {
            Self::PostProfile { body, .. }
            | Self::PutTenant { body, .. }
            | Self::InvokeAdHoc { body }
            | Self::InvokeAutomation { body, .. }
            | Self::InvokeJourney { body, .. }
            | Self::InboundCourier { body }
            | Self::InboundRudderStack { body } => body.len(),
            Self::PutMembership { .. } => 2,
            Self::GetTenant { .. } | Self::ListTenants => 0,
        }
    }

    /// Whether sending it twice may act twice, so that an idempotency key is due. Courier honours keys on every POST;
    /// a profile write needs none, since merging the same members again changes nothing, and a stored error would
    /// only be replayed for a day.
    pub const fn wants_key(&self) -> bool {
        match self {
            Self::InvokeAdHoc { .. }
            | Self::InvokeAutomation { .. }
            | Self::InvokeJourney { .. }
            | Self::InboundCourier { .. }
            | Self::InboundRudderStack { .. } => true,
            Self::PostProfile { .. }
            | Self::GetTenant { .. }
            | Self::PutTenant { .. }
            | Self::PutMembership { .. }
            | Self::ListTenants => false,
        }
    }
}
