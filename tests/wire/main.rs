//! The transport over real sockets on loopback: connections, TLS, proxies, and answers that go wrong.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step of a test's set-up is a failed test"
)]

mod answers;
mod connections;
mod pki;
mod proxies;
mod server;
mod tls;

use courier_sink::courier::{Body, KeySeed, Request, TemplateId, TenantId, UserId};
use courier_sink::delivery::{Call, Failure, Receipt};
use courier_sink::transport::{ApiKey, BaseUrl, Settings, Transport};
use tower::ServiceExt;

const KEY: &str = "pk_test_SECRET";

fn settings(endpoint: &str) -> Settings {
    Settings::new(BaseUrl::new(endpoint).unwrap(), ApiKey::new(KEY).unwrap())
}

fn transport(endpoint: &str) -> Transport {
    Transport::new(&settings(endpoint)).unwrap()
}

async fn send(transport: &Transport, call: Call) -> Result<Receipt, Failure> {
    let result = transport.clone().oneshot(call).await;
    let shown = format!("{result:?} {transport:?}");
    assert!(!shown.contains(KEY), "the key is shown: {shown}");
    result
}

fn profile() -> Call {
    let request = Request::PostProfile {
        user: UserId::new("u@1").unwrap(),
        body: Body::new(&b"{\"profile\":{}}"[..]).unwrap(),
    };
    Call::new(request, None)
}

fn tenant() -> Call {
    let request = Request::GetTenant { tenant: TenantId::new("t").unwrap() };
    Call::new(request, None)
}

fn automation() -> Call {
    let request = Request::InvokeAutomation {
        template: TemplateId::new("a").unwrap(),
        body: Body::empty_object(),
    };
    let seed = KeySeed { sink: "sink".into(), message_id: "m1".into(), step: 0 };
    Call::new(request, Some(seed))
}
