//! The way to Courier, step by step, so that the first step that fails is named.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::About;
use crate::clock::{Clock, Time};
use crate::config::{ApiKeySource, BuildError, CourierConfig};
use crate::courier::Request;
use crate::delivery::{Call, Failure, FailureKind};
use crate::transport::{BaseUrl, Probe, Transport, proxy_authority, roots};

/// How far the clocks may be apart. Courier is told until when to remember a key, and an hour is added to that; ages and
/// dead letters are read by people.
const MOST_SKEW: Duration = Duration::from_secs(30);

/// Looks at all that is between the sink and Courier.
pub(super) async fn look(courier: &CourierConfig, is_emulated: bool, mut about: About<'_>) {
    let key = api_key(courier, &mut about);
    if is_emulated {
        about.good("endpoint", "the emulator in the same process: nothing leaves it");
        return;
    }
    endpoint(&courier.endpoint, &mut about);
    let proxy = proxy_authority(&courier.endpoint, &courier.proxy);
    match &proxy {
        Some(proxy) => about.good("proxy", format!("through {proxy}")),
        None => about.good("proxy", "none"),
    }
    let host = match &proxy {
        Some(proxy) => proxy.clone(),
        None => with_port(&courier.endpoint),
    };
    dns(&host, courier.connect_timeout, &mut about).await;
    if courier.endpoint.is_https() {
        certificates(courier, &mut about);
    }
    if key {
        call(courier, &mut about).await;
    }
}

fn api_key(courier: &CourierConfig, about: &mut About<'_>) -> bool {
    let place = match &courier.api_key {
        ApiKeySource::Inline(_) => "in the configuration".to_owned(),
        ApiKeySource::File(path) => format!("in {}", path.display()),
    };
    match courier.api_key.read() {
        Ok(_) => about.good("api key", format!("{place}, without white space around it")),
        Err(error @ BuildError::ReadKey { .. }) => {
            about.bad("api key", error.to_string(), "let whoever runs this read the file");
            return false;
        }
        Err(error) => {
            about.bad("api key", error.to_string(), "put the key there as it is, on one line");
            return false;
        }
    }
    true
}

fn endpoint(endpoint: &BaseUrl, about: &mut About<'_>) {
    let host = endpoint.uri().host().unwrap_or_default();
    let region = match host {
        "api.courier.com" => "Courier in the US",
        "api.eu.courier.com" => "Courier in the EU, with a data store of its own",
        _ => "not one of Courier's own hosts",
    };
    let said = format!("{endpoint}: {region}");
    if !endpoint.is_https() && !endpoint.is_loopback() {
        let remedy = "use https, or whoever is on the way reads the key";
        about.doubtful("endpoint", said, remedy);
    } else if host.ends_with("courier.com") && region.starts_with("not") {
        let remedy = "use https://api.courier.com, or https://api.eu.courier.com for the EU";
        about.doubtful("endpoint", said, remedy);
    } else {
        about.good("endpoint", said);
    }
}

fn with_port(endpoint: &BaseUrl) -> String {
    let authority = endpoint.authority();
    if endpoint.uri().port().is_some() {
        return authority.to_owned();
    }
    format!("{authority}:{}", if endpoint.is_https() { 443 } else { 80 })
}

async fn dns(host: &str, patience: Duration, about: &mut About<'_>) {
    let remedy = "check the name, the resolver of this machine, and whether a proxy is needed";
    match timeout(patience, tokio::net::lookup_host(host)).await {
        Ok(Ok(addresses)) => {
            let addresses: Vec<_> = addresses.map(|address| address.ip().to_string()).collect();
            // Enough to recognise them by.
            let shown = addresses.iter().take(4).map(String::as_str).collect::<Vec<_>>();
            about.good("dns", format!("{host} is {}", shown.join(", ")));
        }
        Ok(Err(error)) => about.bad("dns", format!("{host} is not found: {error}"), remedy),
        Err(_) => about.bad("dns", format!("{host} is not found within {patience:?}"), remedy),
    }
}

fn certificates(courier: &CourierConfig, about: &mut About<'_>) {
    match roots(courier.tls.ca_file.as_deref()) {
        Ok(store) => {
            let from = match &courier.tls.ca_file {
                Some(path) => path.display().to_string(),
                None => "the platform".to_owned(),
            };
            let count = store.len();
            let authorities = if count == 1 { "authority" } else { "authorities" };
            about.good("tls roots", format!("{count} {authorities} of {from}"));
        }
        Err(error) => about.bad(
            "tls roots",
            error.to_string(),
            "install the package ca-certificates, or set tls.ca_file",
        ),
    }
}

async fn call(courier: &CourierConfig, about: &mut About<'_>) {
    let transport = match courier.transport_settings() {
        Ok(settings) => Transport::new(&settings),
        // It was read a moment ago.
        Err(error) => return about.bad("call", error.to_string(), "try again"),
    };
    let transport = match transport {
        Ok(transport) => transport,
        Err(error) => return about.bad("call", error.to_string(), "correct the files of `tls`"),
    };
    let start = Instant::now();
    let call = Call::new(Request::ListTenants, None);
    let probe = timeout(courier.healthcheck.timeout, transport.probe(call)).await;
    let took = start.elapsed();
    let Ok(Probe { answer, date }) = probe else {
        let said = format!("no answer within {} s", courier.healthcheck.timeout.as_secs_f64());
        return about.bad("call", said, "check firewalls, and whether a proxy is needed");
    };
    match answer {
        Ok(receipt) => {
            let said = format!("GET /tenants is answered {} in {took:.0?}", receipt.status);
            about.good("call", said);
        }
        Err(failure) => about.bad("call", failure.to_string(), remedy(&failure)),
    }
    clock(date, took, about);
}

const fn remedy(failure: &Failure) -> &'static str {
    match failure.kind {
        FailureKind::Unauthorized | FailureKind::Forbidden => {
            "use a key of this workspace and environment, and of this endpoint's region"
        }
        FailureKind::Throttled => "wait: this key is over its limit",
        FailureKind::Unavailable => "wait: Courier has a problem of its own",
        FailureKind::Network | FailureKind::TimedOut => {
            "check firewalls, certificates, and whether a proxy is needed"
        }
        FailureKind::Refused | FailureKind::Unsendable | FailureKind::Expired => {
            "check that the endpoint is Courier's API"
        }
    }
}

/// A date counts whole seconds, and was written at some time while the call was under way.
fn clock(date: Option<Time>, took: Duration, about: &mut About<'_>) {
    let Some(date) = date else { return };
    let now = Clock::system().now();
    let apart = now.since(date).max(date.since(now));
    let apart = apart.saturating_sub(took).saturating_sub(Duration::from_secs(1));
    let said = format!("{} s from the server's", apart.as_secs());
    if apart > MOST_SKEW {
        about.doubtful("clock", said, "set this machine's clock, best with NTP");
    } else {
        about.good("clock", said);
    }
}
