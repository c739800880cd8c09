//! The way to Courier: `endpoint`, the key, `tls`, `proxy`. Certificates and keys in files are read by whoever builds.

use std::path::PathBuf;

use rustls::pki_types::ServerName;
use secrecy::SecretString;

use super::Texts;
use super::block::Block;
use super::courier::{ApiKeySource, Beside};
use super::item::Item;
use crate::transport::{Alpn, ApiKey, BaseUrl, Proxy, ProxyUrl, Tls};

/// Courier's API in its default region.
const ENDPOINT: &str = "https://api.courier.com";

/// `endpoint`, and whether it was written. Default Courier's API in the US; its EU data centre is
/// `https://api.eu.courier.com`. Beside an emulator, events must not leave for the real Courier by mistake.
pub(super) fn endpoint(block: &mut Block<'_>, beside: Beside) -> (Option<BaseUrl>, bool) {
    let Some(item) = block.take("endpoint") else {
        return (Some(BaseUrl::new(ENDPOINT).expect("the default is a URL")), false);
    };
    // It may hold credentials by mistake.
    let item = item.secret();
    let place = item.place.clone();
    let endpoint = item.parsed(BaseUrl::new);
    if beside == Beside::Emulator && endpoint.as_ref().is_some_and(|it| !it.is_loopback()) {
        let message = "is not on this machine, and `[emulator]` stands beside it".to_owned();
        let remedy = Some("remove one of the two".to_owned());
        block.reader.mistake_in(&place, Texts::Secret, message, remedy);
    }
    (endpoint, true)
}

/// `api_key` or `api_key_file`, exactly one.
pub(super) fn api_key(block: &mut Block<'_>) -> Option<ApiKeySource> {
    let inline = block.take("api_key").map(Item::secret);
    let file = path_of_keys(block, "api_key_file", "api_key").ok()?;
    if !block.reader.wants_keys {
        let key = ApiKey::new("none").expect("it is a word");
        return Some(ApiKeySource::Inline(key));
    }
    match (inline, file) {
        (None, None) => {
            block.missing("api_key", "set `api_key` or `api_key_file`");
            None
        }
        (Some(_), Some(file)) => {
            file.refuse_with("`api_key` is set too", "keep one of the two");
            None
        }
        (Some(item), None) => {
            let key = item.parsed(|text| ApiKey::new(SecretString::from(text)));
            key.map(ApiKeySource::Inline)
        }
        (None, Some(item)) => item.text().map(|path| ApiKeySource::File(path.into())),
    }
}

/// The path of a file that holds keys, which can also be written as `inline`; an error where a key stands in its place.
///
/// Security: a path is shown to people, and a key is not; Courier's begin with `pk_`.
pub(super) fn path_of_keys<'a>(
    block: &mut Block<'a>,
    name: &'static str,
    inline: &str,
) -> Result<Option<Item<'a>>, ()> {
    let Some(item) = block.take(name).map(Item::path_of_secret) else {
        return Ok(None);
    };
    let is_a_key = item.value.as_str().is_some_and(|text| {
        (text.trim_start().starts_with("pk_") || text.contains(":-pk_")) && !text.contains('/')
    });
    if is_a_key {
        let remedy = format!("write it as `{inline}`, or with `./` before it if it is a file");
        item.secret().refuse_with("is a key, expected the path of a file that holds it", remedy);
        return Err(());
    }
    Ok(Some(item))
}

/// `[tls]`, named as Vector's. Key files must not be encrypted, so there is no `key_pass`.
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `ca_file` | path | the platform's authorities | trusted instead of them |
/// | `crt_file`, `key_file` | path | none | both or neither |
/// | `verify_certificate`, `verify_hostname` | boolean | true | without, anyone on the way can read the key |
/// | `alpn_protocols` | list of `h2`, `http/1.1` | both | Courier speaks HTTP/2 |
/// | `server_name` | host name | the endpoint's host | |
pub(super) fn tls(block: &mut Block<'_>) -> Tls {
    let ca_file = block.take("ca_file");
    let crt_file = block.take("crt_file");
    let key_file = block.take("key_file");
    if let (Some(item), None) = (&crt_file, &key_file) {
        item.refuse_with("does nothing without `key_file`", "set that too");
    }
    if let (None, Some(item)) = (&crt_file, &key_file) {
        item.refuse_with("does nothing without `crt_file`", "set that too");
    }
    let verify_certificate = block.flag("verify_certificate", true);
    let hostname = block.take("verify_hostname");
    let verify_hostname = hostname.as_ref().map_or(Some(true), Item::flag);
    if !verify_certificate {
        let asked = hostname.filter(|_| verify_hostname == Some(true));
        for item in ca_file.iter().chain(&asked) {
            item.refuse_with(
                "does nothing with `verify_certificate = false`",
                "remove one of the two",
            );
        }
    }
    let path = |item: Option<Item<'_>>| item.and_then(|item| item.text()).map(PathBuf::from);
    Tls {
        ca_file: path(ca_file),
        crt_file: path(crt_file),
        key_file: path(key_file),
        verify_certificate,
        verify_hostname: verify_hostname.unwrap_or(true),
        alpn_protocols: block
            .take("alpn_protocols")
            .and_then(Item::elements)
            .map(|items| items.iter().filter_map(alpn).collect()),
        server_name: block.take("server_name").and_then(|item| server_name(&item)),
    }
}

fn alpn(item: &Item<'_>) -> Option<Alpn> {
    let all = [Alpn::Http2, Alpn::Http11];
    item.choice(&all.map(|protocol| (protocol.as_str(), protocol)))
}

fn server_name(item: &Item<'_>) -> Option<String> {
    let name = item.text()?;
    if ServerName::try_from(name.as_str()).is_err() {
        item.unexpected("a host name or an address");
        return None;
    }
    Some(name)
}

/// `[proxy]`, as Vector's. What is not written comes from the environment, lower case first.
///
/// | option | type | default |
/// |---|---|---|
/// | `enabled` | boolean | true |
/// | `http` | URL | `http_proxy`, `HTTP_PROXY` |
/// | `https` | URL | `https_proxy`, `HTTPS_PROXY` |
/// | `no_proxy` | list of hosts | `no_proxy`, `NO_PROXY`, separated by commas |
pub(super) fn proxy(block: &mut Block<'_>) -> Proxy {
    let enabled = block.flag("enabled", true);
    let no_proxy = match block.take("no_proxy") {
        Some(item) => item.texts().unwrap_or_default(),
        None => ["no_proxy", "NO_PROXY"]
            .into_iter()
            .filter(|_| enabled)
            .find_map(|name| block.reader.variable(name))
            .map(|hosts| hosts.split(',').map(|host| host.trim().to_owned()).collect())
            .unwrap_or_default(),
    };
    Proxy {
        enabled,
        http: proxy_url(block, "http", ["http_proxy", "HTTP_PROXY"], enabled),
        https: proxy_url(block, "https", ["https_proxy", "HTTPS_PROXY"], enabled),
        no_proxy: no_proxy.into_iter().filter(|host| !host.is_empty()).collect(),
    }
}

fn proxy_url(
    block: &mut Block<'_>,
    option: &'static str,
    variables: [&str; 2],
    enabled: bool,
) -> Option<ProxyUrl> {
    // A proxy's URL may hold a password.
    if let Some(item) = block.take(option).map(Item::secret) {
        return item.parsed(ProxyUrl::new);
    }
    let mut found =
        variables.into_iter().filter_map(|name| Some((name, block.reader.variable(name)?)));
    let (name, url) = found.next().filter(|_| enabled)?;
    ProxyUrl::new(&url)
        .map_err(|error| {
            let place = block.place.member(option, block.place.at);
            let message = format!("the environment variable `{name}` {error}");
            let remedy = format!("correct it, or set `{option}` here");
            block.reader.mistake(&place, message, Some(remedy));
        })
        .ok()
}
