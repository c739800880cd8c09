//! What one step does: a request, or the two requests that update a tenant.

use super::{Class, Endpoint, Method, Request, TenantId, TenantUpdate};

/// The work of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// One request.
    Request(Request),
    /// A tenant read and written back: two requests, one step.
    UpdateTenant {
        /// Which tenant
        tenant: TenantId,
        /// What to write
        update: TenantUpdate,
    },
}

impl Action {
    /// Where it goes: of two requests, the one that writes.
    pub const fn endpoint(&self) -> Endpoint {
        match self {
            Self::Request(request) => request.endpoint(),
            Self::UpdateTenant { .. } => Endpoint::PutTenant,
        }
    }

    /// The method: of two requests, of the one that writes.
    pub const fn method(&self) -> Method {
        match self {
            Self::Request(request) => request.method(),
            Self::UpdateTenant { .. } => Method::Put,
        }
    }

    /// The path of all its requests.
    pub fn path(&self) -> String {
        match self {
            Self::Request(request) => request.path(),
            Self::UpdateTenant { tenant, .. } => {
                Request::GetTenant { tenant: tenant.clone() }.path()
            }
        }
    }

    /// The class of all its requests.
    pub const fn class(&self) -> Class {
        self.endpoint().class()
    }

    /// What it keeps in memory besides the event, in bytes.
    pub fn weight(&self) -> usize {
        match self {
            Self::Request(request) => request.body().map_or(0, |body| body.len()),
            Self::UpdateTenant { update, .. } => update.weight(),
        }
    }
}
