//! What an embedder reads: one sink's block, and the key file it may name.

use std::io::Write;

use courier_sink::config::{ApiKeySource, BuildError, CourierConfig};
use courier_sink::plan::Mode;
use courier_sink::transport::{Proxy, ProxyUrl};
use tempfile::NamedTempFile;

fn nothing(_: &str) -> Option<String> {
    None
}

fn embedded(block: &str) -> CourierConfig {
    CourierConfig::from_toml("courier", block, &nothing).expect(block)
}

#[test]
fn an_embedder_gives_a_block_without_header() {
    let courier = embedded("mode = 'inbound'\ninbound_group = false\napi_key = 'pk_test'");
    assert!(matches!(courier.settings.rules.mode, Mode::Inbound { group: false }));
    embedded("type = 'courier'\napi_key = 'pk_test'\nrequest.concurrency = 'none'");
    let mistakes = CourierConfig::from_toml("out", "inputs = ['a']\nbatch.max_byte = 1", &nothing);
    assert_eq!(
        mistakes.unwrap_err().to_string(),
        "out:1:1: inputs: does nothing here, remove it\n\
         out:1:1: api_key: is missing, set `api_key` or `api_key_file`\n\
         out:2:7: batch.max_byte: unknown option, did you mean `max_bytes`?"
    );
}

#[test]
fn a_journal_is_the_program_s() {
    let block = "api_key = 'k'\njournal = {}";
    let mistakes = CourierConfig::from_toml("out", block, &nothing).unwrap_err().to_string();
    assert_eq!(
        mistakes,
        "out:2:1: journal: is kept by the program, not by the library, use `with_journal`"
    );
}

#[test]
fn switches_may_be_booleans_or_tables() {
    for (options, healthcheck, acknowledgements) in [
        ("healthcheck = false", false, true),
        ("healthcheck = { timeout = 3 }", true, true),
        ("healthcheck.enabled = false", false, true),
        ("acknowledgements = false", true, false),
        ("acknowledgements = {}", true, true),
    ] {
        let courier = embedded(&format!("api_key = 'k'\n{options}"));
        let read = (courier.healthcheck.enabled, courier.acknowledgements);
        assert_eq!(read, (healthcheck, acknowledgements), "{options}");
    }
}

#[test]
fn proxies_come_from_the_environment_lower_case_first_unless_written() {
    let environment = |name: &str| {
        Some(match name {
            "https_proxy" => "http://lower:1".to_owned(),
            "HTTPS_PROXY" | "HTTP_PROXY" => "http://upper:1".to_owned(),
            "NO_PROXY" => "a, .b,,".to_owned(),
            _ => return None,
        })
    };
    let read = |options: &str| {
        let block = format!("api_key = 'k'\n{options}");
        let courier = CourierConfig::from_toml("courier", &block, &environment);
        courier.expect(options).proxy
    };
    let url = |text| ProxyUrl::new(text).ok();
    assert_eq!(
        read(""),
        Proxy {
            enabled: true,
            http: url("http://upper:1"),
            https: url("http://lower:1"),
            no_proxy: vec!["a".into(), ".b".into()],
        }
    );
    let written = read("proxy = { https = 'http://written:1', no_proxy = [] }");
    assert_eq!(written.https, url("http://written:1"));
    assert!(written.no_proxy.is_empty());
    let disabled = Proxy { enabled: false, ..Proxy::default() };
    assert_eq!(read("proxy.enabled = false"), disabled);
}

#[test]
fn a_key_file_is_read_when_the_sink_is_built() {
    let mut file = NamedTempFile::new().expect("a temporary file can be made");
    let courier = embedded(&format!("api_key_file = '{}'", file.path().display()));
    assert!(matches!(&courier.api_key, ApiKeySource::File(path) if path == file.path()));
    let empty = courier.transport_settings().unwrap_err();
    assert!(matches!(empty, BuildError::Key { .. }));
    assert!(empty.to_string().ends_with("the API key is empty"));
    file.write_all(b"pk_secret\r\n").expect("it can be written");
    let settings = courier.transport_settings().expect("the key is right");
    assert!(!format!("{settings:?}").contains("pk_secret"));
    file.write_all(b"\n").expect("it can be written");
    let error = courier.transport_settings().unwrap_err().to_string();
    assert!(error.contains("white space") && !error.contains("secret"));
    file.write_all(&[b'x'; 5000]).expect("it can be written");
    let error = courier.transport_settings().unwrap_err().to_string();
    assert!(error.ends_with("longer than 1024 bytes"), "{error}");
    file.close().expect("it can be removed");
    let gone = courier.transport_settings().unwrap_err();
    assert!(matches!(gone, BuildError::ReadKey { .. }));
}
