//! The routes of the API, one file per resource. Each is a pattern and a plain function over the
//! state; everything they share happens in `exchange`.

mod automations;
mod control;
mod inbound;
mod journeys;
mod memberships;
mod profiles;
mod tenants;

use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodFilter, on};

use super::call::Operation;
use super::courier::Courier;
use super::exchange::exchange;
use super::judge::Route;

type Entry = (MethodFilter, &'static str, Operation);

const GET: MethodFilter = MethodFilter::GET;
const POST: MethodFilter = MethodFilter::POST;
const PUT: MethodFilter = MethodFilter::PUT;
const DELETE: MethodFilter = MethodFilter::DELETE;

/// Every route there is; patterns are what summaries count by.
const ROUTES: &[Entry] = &[
    (GET, "/profiles/{user_id}", profiles::get),
    (POST, "/profiles/{user_id}", profiles::merge),
    (PUT, "/profiles/{user_id}", profiles::replace),
    (DELETE, "/profiles/{user_id}", profiles::delete),
    (POST, "/automations/invoke", automations::invoke_ad_hoc),
    (POST, "/automations/{template}/invoke", automations::invoke_template),
    (GET, "/automations/runs", automations::runs),
    (POST, "/journeys/{template}/invoke", journeys::invoke),
    (POST, "/inbound/courier", inbound::courier),
    (POST, "/inbound/rudderstack", inbound::rudderstack),
    (POST, "/inbound/segment", inbound::segment),
    (GET, "/tenants", tenants::list),
    (GET, "/tenants/{tenant_id}", tenants::get),
    (PUT, "/tenants/{tenant_id}", tenants::replace),
    (DELETE, "/tenants/{tenant_id}", tenants::delete),
    (GET, "/tenants/{tenant_id}/users", memberships::of_tenant),
    (GET, "/users/{user_id}/tenants", memberships::of_user),
    (GET, "/users/{user_id}/tenants/{tenant_id}", memberships::get),
    (PUT, "/users/{user_id}/tenants/{tenant_id}", memberships::put),
    (DELETE, "/users/{user_id}/tenants/{tenant_id}", memberships::delete),
];

pub(super) fn router(courier: &Courier) -> Router {
    let handler = |route: Option<Route>| {
        let courier = courier.clone();
        move |request: Request| exchange(courier.clone(), route, request)
    };
    let router = ROUTES.iter().fold(Router::new(), |router, &(method, pattern, operation)| {
        router.route(pattern, on(method, handler(Some(Route { pattern, operation }))))
    });
    // A method that a path does not have is as unknown as a path: Courier's gateway knows pairs.
    control::routes(courier, router)
        .fallback(handler(None))
        .method_not_allowed_fallback(handler(None))
}
