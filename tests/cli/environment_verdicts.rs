//! Each thing that `validate --environment` looks at, as it must be and as it must not, and what to do about that. Nothing
//! is sent beyond loopback: what is elsewhere is asked of a proxy that is not one.

use std::time::{Duration, UNIX_EPOCH};

use courier_sink::clock::Clock;
use courier_sink::config::Config;
use courier_sink::runner::{Finding, Verdict, look_around};
use http::HeaderValue;
use http::header::DATE;
use tokio::net::TcpListener;

use crate::pki::Authority;
use crate::server::{Server, answer, raw};

/// What is found around a sink with these options.
async fn found(options: &str) -> Vec<Finding> {
    found_in("", options).await
}

async fn found_in(top: &str, options: &str) -> Vec<Finding> {
    let key = if options.contains("api_key") { "" } else { "api_key = \"pk_SECRET\"\n" };
    let text = format!(
        "{top}\n[sources.in]\ntype = \"stdin\"\n[sinks.out]\ntype = \"courier\"\ninputs = [\"in\"]\n{key}{options}\n"
    );
    let config =
        Config::parse(&text, "config.toml", &|_| None).unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut all = Vec::new();
    look_around(&config, &mut |finding| all.push(finding)).await;
    assert!(!format!("{all:?}").contains("pk_SECRET"), "{all:?}");
    all
}

/// What was found there: the verdict, with what was said and is to be done.
#[track_caller]
fn told(all: &[Finding], what: &str) -> (Verdict, String) {
    let finding = all.iter().find(|it| it.what == what);
    let finding = finding.unwrap_or_else(|| panic!("no {what} in {all:#?}"));
    let remedy = finding.remedy.as_deref().unwrap_or_default();
    assert_eq!(finding.verdict == Verdict::Good, remedy.is_empty(), "{finding:?}");
    (finding.verdict, format!("{}: {remedy}", finding.detail))
}

#[track_caller]
fn expect(all: &[Finding], what: &str, verdict: Verdict, said: &str) {
    let (is, told) = told(all, what);
    assert!(is == verdict && told.contains(said), "{what}: {is} {told:?}, not {verdict} {said:?}");
}

use Verdict::{Bad, Doubtful, Good};

/// To a server on loopback, past any proxy.
fn to(server: &Server) -> String {
    format!("endpoint = \"{}\"\nproxy.enabled = false", server.url())
}

/// Everything through a proxy there.
fn through(proxy: &str, endpoint: &str, ca: &Authority) -> (String, tempfile::NamedTempFile) {
    let file = ca.file();
    let ca = file.path().display();
    let options = format!(
        "endpoint = \"{endpoint}\"\ntls.ca_file = \"{ca}\"\nproxy = {{ http = \"{proxy}\", https = \"{proxy}\" }}"
    );
    (options, file)
}

#[tokio::test]
async fn each_answer_to_the_call_has_its_verdict_and_remedy() {
    for (status, verdict, said) in [
        (200, Good, "GET /tenants is answered 200"),
        (401, Bad, "use a key of this workspace"),
        (403, Bad, "use a key of this workspace"),
        (429, Bad, "wait: this key is over its limit"),
        (503, Bad, "wait: Courier has a problem of its own"),
        (404, Bad, "check that the endpoint is Courier's API"),
    ] {
        let server = Server::plain(status).await;
        let all = found(&to(&server)).await;
        expect(&all, "call", verdict, said);
        expect(&all, "proxy", Good, "none");
        expect(&all, "dns", Good, "is 127.0.0.1");
        expect(&all, "endpoint", Good, "not one of Courier's own hosts");
        let [asked] = &server.seen()[..] else { panic!("it asks once") };
        assert_eq!((asked.method.as_str(), asked.uri.path()), ("GET", "/tenants"));
    }
}

#[tokio::test]
async fn nobody_there_and_nobody_who_answers_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody accepts, so the system does and nothing is answered.
    let there = format!("endpoint = \"http://{address}\"\nproxy.enabled = false");
    let all = found(&format!("{there}\nhealthcheck = {{ timeout = 0.05 }}")).await;
    expect(
        &all,
        "call",
        Bad,
        "no answer within 0.05 s: check firewalls, and whether a proxy is needed",
    );
    assert!(all.iter().all(|it| it.what != "clock"), "{all:?}");
    drop(listener);
    expect(&found(&there).await, "call", Bad, "check firewalls, certificates");
}

#[tokio::test]
async fn clocks_that_are_ten_minutes_apart_are_told() {
    for (behind, verdict, said) in [
        (0, Good, " s from the server's"),
        (600, Doubtful, "s from the server's: set this machine's clock, best with NTP"),
    ] {
        let date = UNIX_EPOCH + Clock::system().now().since_epoch() - Duration::from_secs(behind);
        let date = HeaderValue::try_from(httpdate::fmt_http_date(date)).unwrap();
        let server = Server::start(None, move |_| {
            let mut response = answer(200, "{}");
            response.headers_mut().insert(DATE, date.clone());
            response
        });
        let all = found(&to(&server.await)).await;
        expect(&all, "clock", verdict, said);
        let seconds = told(&all, "clock").1;
        let seconds: u64 = seconds.split(' ').next().unwrap().parse().unwrap();
        // The date was written before the call, by who may have been slow.
        assert!(seconds.abs_diff(behind) < 30, "{seconds}");
    }
}

#[tokio::test]
async fn names_that_are_not_found_are_told_for_the_endpoint_and_for_the_proxy() {
    let all = found("endpoint = \"https://courier.invalid\"\nproxy.enabled = false").await;
    expect(
        &all,
        "dns",
        Bad,
        "check the name, the resolver of this machine, and whether a proxy is needed",
    );
    assert!(told(&all, "dns").1.starts_with("courier.invalid:443 is not found"), "{all:?}");
    expect(&all, "call", Bad, "check firewalls");
    let proxied = "proxy.https = \"http://proxy.invalid:3128\"";
    let all = found(&format!("endpoint = \"https://courier.invalid\"\n{proxied}")).await;
    expect(&all, "proxy", Good, "through proxy.invalid:3128");
    assert!(told(&all, "dns").1.starts_with("proxy.invalid:3128 is not found"), "{all:?}");
}

#[tokio::test]
async fn regions_are_named_and_hosts_that_are_none_doubted() {
    for (endpoint, verdict, said) in [
        ("https://api.courier.com", Good, "Courier in the US"),
        ("https://api.eu.courier.com", Good, "Courier in the EU, with a data store of its own"),
        ("https://eu.courier.com", Doubtful, "https://api.eu.courier.com for the EU"),
        ("http://courier.internal", Doubtful, "use https, or whoever is on the way reads the key"),
    ] {
        // It is asked for a tunnel, or for the page itself, and refuses.
        let proxy = raw("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
        let (options, _ca) = through(&proxy, endpoint, &Authority::new());
        let all = found(&options).await;
        expect(&all, "endpoint", verdict, said);
        expect(&all, "proxy", Good, &format!("through {}", proxy.trim_start_matches("http://")));
        expect(&all, "dns", Good, "is 127.0.0.1");
        assert_eq!(told(&all, "call").0, Bad);
    }
}

#[tokio::test]
async fn authorities_are_counted_and_files_without_any_are_named() {
    let (known, other) = (Authority::new(), Authority::new());
    let server =
        Server::start(Some(known.server("127.0.0.1", &["h2"], None)), |_| answer(200, "{}")).await;
    let endpoint = format!("endpoint = \"https://{}\"\nproxy.enabled = false", server.address);
    for (authority, verdict, said) in
        [(&known, Good, "answered 200"), (&other, Bad, "check firewalls, certificates")]
    {
        let ca = authority.file();
        let all = found(&format!("{endpoint}\ntls.ca_file = \"{}\"", ca.path().display())).await;
        expect(&all, "tls roots", Good, "1 authority of ");
        expect(&all, "call", verdict, said);
    }
    let all = found(&format!("{endpoint}\ntls.ca_file = \"/nowhere/ca.pem\"")).await;
    expect(&all, "tls roots", Bad, "cannot read /nowhere/ca.pem: file not found: ");
    expect(&all, "tls roots", Bad, "set tls.ca_file");
    expect(&all, "call", Bad, "correct the files of `tls`");
}

#[tokio::test]
async fn a_key_that_cannot_be_read_or_sent_is_told_and_nothing_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    for (key, said) in [
        (None, "let whoever runs this read the file"),
        (Some("pk_SECRET pk_SECRET"), "put the key there as it is, on one line"),
        (Some(""), "put the key there as it is, on one line"),
    ] {
        if let Some(key) = key {
            std::fs::write(&path, key).unwrap();
        }
        let server = Server::plain(200).await;
        let all = found(&format!("{}\napi_key_file = \"{}\"", to(&server), path.display())).await;
        expect(&all, "api key", Bad, said);
        assert!(all.iter().all(|it| it.what != "call") && server.seen().is_empty(), "{all:?}");
    }
}

#[tokio::test]
async fn beside_an_emulator_nothing_is_asked_of_the_world() {
    let emulator = "[emulator]\naddress = \"127.0.0.1:0\"";
    let folder = tempfile::tempdir().unwrap();
    let data = format!("data_dir = \"{}/not/yet\"\n{emulator}", folder.path().display());
    let all = found_in(&data, "").await;
    let looked: Vec<_> = all.iter().map(|it| (it.what, it.verdict)).collect();
    assert_eq!(looked, [("api key", Good), ("endpoint", Good), ("disk", Good)]);
    expect(
        &all,
        "disk",
        Good,
        &format!("{}: 4096 bytes are on disk after ", folder.path().display()),
    );
}

/// Nobody writes there, not even who may everything.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_that_cannot_be_written_to_is_told() {
    let emulator = "data_dir = \"/proc/nowhere\"\n[emulator]\naddress = \"127.0.0.1:0\"";
    let all = found_in(emulator, "").await;
    expect(&all, "disk", Bad, "/proc cannot be written to: ");
    expect(&all, "disk", Bad, "set data_dir to another folder");
}
