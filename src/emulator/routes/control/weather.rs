//! `/emulator/limits` and `/emulator/faults`: changed while it runs. `PUT` takes the options of the configuration's table
//! of that name, in TOML, in place of all that were in force; `GET` gives what is in force, as `PUT` takes it; `DELETE` ends
//! it.

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use bytes::Bytes;
use http::header::CONTENT_TYPE;

use super::super::super::answer::{Answer, Refusal};
use super::super::super::body::receive;
use super::super::super::courier::Courier;
use crate::config::Mistakes;
use crate::config::emulator::{Faults, Limits};

pub(super) fn routes(courier: &Courier, router: Router) -> Router {
    let of = || courier.clone();
    let (limits, no_limits, faults, no_faults) = (of(), of(), of(), of());
    let (limits_now, faults_now) = (of(), of());
    router
        .route(
            "/emulator/limits",
            put(async move |request: Request| {
                let parsed = read(request, Limits::parse).await;
                answer(parsed.map(|parsed| limits.set_limits(parsed)))
            })
            .get(async move || toml(limits_now.limits().to_string()))
            .delete(async move || {
                answer(Ok(Limits::default()).map(|none| no_limits.set_limits(none)))
            }),
        )
        .route(
            "/emulator/faults",
            put(async move |request: Request| {
                let parsed = read(request, Faults::parse).await;
                answer(parsed.map(|parsed| faults.set_faults(parsed)))
            })
            .get(async move || toml(faults_now.faults().to_string()))
            .delete(async move || {
                answer(Ok(Faults::default()).map(|none| no_faults.set_faults(none)))
            }),
        )
}

async fn read<T>(
    request: Request,
    parse: impl FnOnce(&str) -> Result<T, Mistakes>,
) -> Result<T, Refusal> {
    let body: Bytes = receive(request.into_body()).await?;
    let text = std::str::from_utf8(&body);
    let text = text.map_err(|_| Refusal::bad_request("the body is not UTF-8"))?;
    parse(text).map_err(|mistakes| Refusal::bad_request(mistakes.to_string()))
}

fn answer(result: Result<(), Refusal>) -> Response {
    result.map_or_else(Answer::from, |()| Answer::empty()).into_response()
}

fn toml(options: String) -> Response {
    ([(CONTENT_TYPE, "application/toml")], options).into_response()
}
