//! Endpoints, and the classes of endpoints that share a pace.

use std::fmt;

/// A group of endpoints that Courier may limit on its own; each has a stack of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// `/profiles`
    Profiles,
    /// `/tenants`
    Tenants,
    /// `/users/{id}/tenants`
    Memberships,
    /// `/automations`
    Automations,
    /// `/journeys`
    Journeys,
    /// `/inbound`
    Inbound,
}

impl Class {
    /// All of them, in the order of their [`Class::index`].
    pub const ALL: [Self; 6] = [
        Self::Profiles,
        Self::Tenants,
        Self::Memberships,
        Self::Automations,
        Self::Journeys,
        Self::Inbound,
    ];

    /// The position in [`Class::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Profiles => 0,
            Self::Tenants => 1,
            Self::Memberships => 2,
            Self::Automations => 3,
            Self::Journeys => 4,
            Self::Inbound => 5,
        }
    }

    /// The name used in options, labels and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profiles => "profiles",
            Self::Tenants => "tenants",
            Self::Memberships => "memberships",
            Self::Automations => "automations",
            Self::Journeys => "journeys",
            Self::Inbound => "inbound",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One endpoint: method and path pattern, as the operator reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// Create or merge a profile
    PostProfile,
    /// Read a tenant
    GetTenant,
    /// Create or replace a tenant
    PutTenant,
    /// Put a user into a tenant
    PutMembership,
    /// Run an automation given in the request
    InvokeAdHoc,
    /// Run a stored automation
    InvokeAutomation,
    /// Start a journey
    InvokeJourney,
    /// Courier's own track endpoint
    InboundCourier,
    /// The endpoint RudderStack's own destination uses
    InboundRudderStack,
    /// List tenants: the health check
    ListTenants,
}

impl Endpoint {
    /// All of them, in the order of their [`Endpoint::index`].
    pub const ALL: [Self; 10] = [
        Self::PostProfile,
        Self::GetTenant,
        Self::PutTenant,
        Self::PutMembership,
        Self::InvokeAdHoc,
        Self::InvokeAutomation,
        Self::InvokeJourney,
        Self::InboundCourier,
        Self::InboundRudderStack,
        Self::ListTenants,
    ];

    /// The position in [`Endpoint::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::PostProfile => 0,
            Self::GetTenant => 1,
            Self::PutTenant => 2,
            Self::PutMembership => 3,
            Self::InvokeAdHoc => 4,
            Self::InvokeAutomation => 5,
            Self::InvokeJourney => 6,
            Self::InboundCourier => 7,
            Self::InboundRudderStack => 8,
            Self::ListTenants => 9,
        }
    }

    /// The class whose pace it shares.
    pub const fn class(self) -> Class {
        match self {
            Self::PostProfile => Class::Profiles,
            Self::GetTenant | Self::PutTenant | Self::ListTenants => Class::Tenants,
            Self::PutMembership => Class::Memberships,
            Self::InvokeAdHoc | Self::InvokeAutomation => Class::Automations,
            Self::InvokeJourney => Class::Journeys,
            Self::InboundCourier | Self::InboundRudderStack => Class::Inbound,
        }
    }

    /// Method and path pattern.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PostProfile => "POST /profiles/{user_id}",
            Self::GetTenant => "GET /tenants/{tenant_id}",
            Self::PutTenant => "PUT /tenants/{tenant_id}",
            Self::PutMembership => "PUT /users/{user_id}/tenants/{tenant_id}",
            Self::InvokeAdHoc => "POST /automations/invoke",
            Self::InvokeAutomation => "POST /automations/{template_id}/invoke",
            Self::InvokeJourney => "POST /journeys/{template_id}/invoke",
            Self::InboundCourier => "POST /inbound/courier",
            Self::InboundRudderStack => "POST /inbound/rudderstack",
            Self::ListTenants => "GET /tenants",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
