//! `[traces]`: where spans go, and what a build without them says of it.

use std::time::Duration;

use courier_sink::config::{Config, TracesConfig};
use secrecy::ExposeSecret;

use crate::{BEFORE, environment, wrong_whole};

fn traces(block: &str) -> TracesConfig {
    let text = format!("{BEFORE}proxy.enabled = false\n[traces]\n{block}");
    let config = Config::parse(&text, "config.toml", &environment).expect("it is right");
    config.traces.expect("the block is there")
}

#[test]
fn an_empty_block_sends_all_to_this_machine() {
    let traces = traces("");
    assert_eq!(traces.endpoint.as_str(), "http://127.0.0.1:4318");
    assert!(traces.headers.is_empty());
    assert_eq!(traces.service_name, "courier-sink");
    assert!(traces.sample_ratio.total_cmp(&1.0).is_eq());
    assert_eq!((traces.timeout, traces.line), (Duration::from_secs(10), 9));
}

#[test]
fn headers_are_secrets() {
    let traces = traces(
        "endpoint = 'https://collector/base/'\nheaders = { X-Key = '${KEY}' }\nsample_ratio = 0",
    );
    assert_eq!(traces.endpoint.as_str(), "https://collector/base");
    let [(name, value)] = &traces.headers[..] else { panic!("one is written") };
    assert_eq!((name.as_str(), value.expose_secret()), ("x-key", "pk_secret in the environment"));
    assert!(traces.sample_ratio.total_cmp(&0.0).is_eq());
    assert!(!format!("{traces:?}").contains("pk_secret"));
}

#[test]
fn every_mistake_is_said_and_no_secret() {
    let block = "endpoint = 'http://me:pk_secret@collector'\nsample_ratio = 1.5\ntimeout_secs = 0\n\
                 service_nam = 'a'\nheaders = { 'a b' = 'x', c = '${LINES}', d = 1 }\n";
    let endpoint = "must not hold credentials; the key is an option of its own";
    let timeout = "must be more than 0 and at most 31536000 (a year), was the integer 0";
    let broken = "the value of the environment variable `LINES` holds a line break";
    let said = [
        format!("2:1: traces.endpoint: {endpoint}"),
        "3:1: traces.sample_ratio: expected a number from 0 to 1, was the float 1.5".to_owned(),
        format!("4:1: traces.timeout_secs: {timeout}"),
        "5:1: traces.service_nam: unknown option, did you mean `service_name`?".to_owned(),
        "6:14: traces.headers.\"a b\": is not the name of a header".to_owned(),
        format!("6:26: traces.headers.c: {broken}"),
        "6:42: traces.headers.d: expected a string, was an integer".to_owned(),
    ];
    let said = said.map(|it| format!("config.toml:{it}"));
    let said: Vec<_> = said.iter().map(String::as_str).collect();
    wrong_whole(&format!("[traces]\n{block}{BEFORE}proxy.enabled = false\n"), &said);
}

#[cfg(not(feature = "opentelemetry"))]
#[test]
fn a_build_without_them_refuses_the_block() {
    let text = format!("{BEFORE}proxy.enabled = false\ndead_letter.path = 'letters'\n[traces]\n");
    let config = Config::parse(&text, "config.toml", &environment).expect("it is right");
    let wrong = courier_sink::runner::check(&config);
    let said: Vec<_> =
        wrong.iter().map(|it| (it.line, it.path.as_str(), it.message.as_str())).collect();
    assert_eq!(said, [(10, "traces", "this program was built without it")]);
}
