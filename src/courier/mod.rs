//! Courier's side: the requests of its REST API as data, one variant per endpoint used.
//!
//! Nothing here knows RudderStack, sends anything, or decides anything. Facts about Courier are from its published
//! API reference (<https://www.courier.com/docs/api-reference>) and OpenAPI description.

mod action;
mod body;
mod class;
mod id;
mod key;
mod request;
mod tenant;

pub use action::Action;
pub use body::{Body, BodyTooLarge, MAX_BODY_BYTES};
pub use class::{Class, Endpoint};
pub use id::{PathId, PathIdError, TemplateId, TenantId, UserId, kinds};
pub use key::{Generation, IdempotencyKey, KeySeed, retention};
pub use request::{Method, Request};
pub use tenant::{TenantMergeError, TenantUpdate, TenantWrite};
