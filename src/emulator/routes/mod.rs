//! The routes of the API, one file per resource. Each is a pattern and a plain function over the
//! state; everything they share happens in `exchange`.

mod automations;
mod control;
mod inbound;
mod journeys;
mod lists;
mod memberships;
mod messages;
mod profiles;
mod runs;
mod steps;
mod subscriptions;
mod tenants;
mod topics;
mod triggers;

pub(super) use control::automations::{put_automation, put_link};

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodFilter, on};
use http::Method;

use super::call::Operation;
use super::courier::Courier;
use super::exchange::exchange;
use super::judge::Route;
use super::page;

type Entry = (Method, &'static str, Operation);

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// Every route there is, those of a pattern together; patterns are what summaries count by.
const ROUTES: &[Entry] = &[
    (GET, "/profiles/{user_id}", profiles::get),
    (POST, "/profiles/{user_id}", profiles::merge),
    (PUT, "/profiles/{user_id}", profiles::replace),
    (PATCH, "/profiles/{user_id}", profiles::patch),
    (DELETE, "/profiles/{user_id}", profiles::delete),
    (GET, "/profiles/{user_id}/lists", subscriptions::of_user),
    (POST, "/profiles/{user_id}/lists", subscriptions::subscribe_to),
    (DELETE, "/profiles/{user_id}/lists", subscriptions::unsubscribe_from_all),
    (GET, "/automations", automations::list),
    (POST, "/automations/invoke", automations::invoke_ad_hoc),
    (POST, "/automations/{template}/invoke", automations::invoke_template),
    (GET, "/automations/runs", runs::list),
    (GET, "/automations/runs/{run_id}/steps", runs::steps),
    (POST, "/journeys/{template}/invoke", journeys::invoke),
    (POST, "/journeys/cancel", journeys::cancel),
    (POST, "/inbound/courier", inbound::courier),
    (POST, "/inbound/rudderstack", inbound::rudderstack),
    (POST, "/inbound/segment", inbound::segment),
    (GET, "/tenants", tenants::list),
    (GET, "/tenants/{tenant_id}", tenants::get),
    (PUT, "/tenants/{tenant_id}", tenants::replace),
    (DELETE, "/tenants/{tenant_id}", tenants::delete),
    (PUT, "/tenants/{tenant_id}/default_preferences/items/{topic_id}", topics::put),
    (DELETE, "/tenants/{tenant_id}/default_preferences/items/{topic_id}", topics::delete),
    (GET, "/tenants/{tenant_id}/users", memberships::of_tenant),
    (GET, "/users/{user_id}/tenants", memberships::of_user),
    (PUT, "/users/{user_id}/tenants", memberships::put_several),
    (DELETE, "/users/{user_id}/tenants", memberships::delete_all),
    (GET, "/users/{user_id}/tenants/{tenant_id}", memberships::get),
    (PUT, "/users/{user_id}/tenants/{tenant_id}", memberships::put),
    (DELETE, "/users/{user_id}/tenants/{tenant_id}", memberships::delete),
    (GET, "/lists", lists::list),
    (GET, "/lists/{list_id}", lists::get),
    (PUT, "/lists/{list_id}", lists::put),
    (DELETE, "/lists/{list_id}", lists::delete),
    (PUT, "/lists/{list_id}/restore", lists::restore),
    (GET, "/lists/{list_id}/subscriptions", subscriptions::of_list),
    (POST, "/lists/{list_id}/subscriptions", subscriptions::add),
    (PUT, "/lists/{list_id}/subscriptions", subscriptions::replace),
    (PUT, "/lists/{list_id}/subscriptions/{user_id}", subscriptions::subscribe),
    (DELETE, "/lists/{list_id}/subscriptions/{user_id}", subscriptions::unsubscribe),
    (POST, "/send", messages::accept),
    (GET, "/messages", messages::list),
    (GET, "/messages/{message_id}", messages::get),
];

/// The routes by their pattern, of each by method.
static PATTERNS: LazyLock<matchit::Router<Vec<(Method, Route)>>> = LazyLock::new(|| {
    let mut patterns = matchit::Router::new();
    for routes in ROUTES.chunk_by(|(_, one, _), (_, next, _)| one == next) {
        let [(_, pattern, _), ..] = routes else { continue };
        let of = |(method, pattern, operation): &Entry| {
            (method.clone(), Route::new(pattern, *operation))
        };
        let added = patterns.insert(*pattern, routes.iter().map(of).collect());
        added.expect("a pattern's routes stand together");
    }
    patterns
});

/// The route of a request, without the router: to ask that would be a good part of what most requests cost. There is none
/// where the router has more to do than to pass it on: for a HEAD, whose answer loses its body there.
pub(super) fn find(method: &Method, path: &str) -> Option<Route> {
    let methods = PATTERNS.at(path).ok()?.value;
    methods.iter().find(|(known, _)| known == method).map(|(_, route)| *route)
}

pub(super) fn router(courier: &Courier) -> Router {
    let handler = |route: Option<Route>| {
        let courier = courier.clone();
        move |request: Request| exchange(courier.clone(), route, request)
    };
    let router = ROUTES.iter().fold(Router::new(), |router, (method, pattern, operation)| {
        let method = MethodFilter::try_from(method.clone()).expect("axum knows these");
        router.route(pattern, on(method, handler(Some(Route::new(pattern, *operation)))))
    });
    let courier_lacks = handler(None);
    let unknown = async move |request: Request| match control::refused(&request) {
        Some(refusal) => refusal,
        None => courier_lacks(request).await,
    };
    // A method that a path does not have is as unknown as a path: Courier's gateway knows pairs.
    page::routes(courier, control::routes(courier, router))
        .fallback(unknown.clone())
        .method_not_allowed_fallback(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_is_found_by_its_method_and_path() {
        for (method, pattern, _) in ROUTES {
            let path = pattern.replace(['{', '}'], "-");
            let found = find(method, &path).map(|route| route.pattern);
            assert_eq!(found, Some(*pattern), "{method}");
        }
        let found = find(&POST, "/automations/runs/invoke").map(|route| route.pattern);
        assert_eq!(found, Some("/automations/{template}/invoke"));
        for (method, path) in [
            (Method::HEAD, "/tenants"),
            (PATCH, "/tenants"),
            (GET, "/tenants/"),
            (GET, "//tenants"),
            (GET, "/"),
            (GET, "/emulator/page"),
        ] {
            assert!(find(&method, path).is_none(), "{method} {path}");
        }
    }
}
