//! Whole configurations, and what is made of them.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use courier_sink::config::{
    Config, CourierConfig, FileOrder, HealthcheckConfig, ReadFrom, SourceKind,
};
use courier_sink::delivery::{self, Concurrency, Jitter, Rate, Retry, RetryStrategy};
use courier_sink::event::EventType;
use courier_sink::plan::{
    Automation, Consent, ConsentStrategy, Data, Direct, Inline, Integrations, Mode, NullTraits,
    Ordering, Target, TenantRule, Traits, Trigger, Unmapped,
};
use courier_sink::sink::{Buffer, Expiration, ExpiresFrom, OnRejected, Order};
use courier_sink::transport::{Alpn, Proxy, ProxyUrl, Tls};
use courier_sink::{batch, ingest};

use crate::{BEFORE, environment};

const EVERYTHING: &str = include_str!("everything.toml");

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).expect("the number is a literal above 0")
}

fn nothing(_: &str) -> Option<String> {
    None
}

fn direct(courier: &CourierConfig) -> &Direct {
    match &courier.settings.rules.mode {
        Mode::Direct(direct) => direct,
        Mode::Inbound { .. } => panic!("mode is inbound"),
    }
}

fn everything() -> Config {
    let environment = |name: &str| match name {
        "COURIER_KEY" => Some("pk_secret".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    Config::parse(EVERYTHING, "everything.toml", &environment).expect("everything is right")
}

#[test]
fn a_few_lines_are_enough_and_mean_the_documented_defaults() {
    let text = "
        [sources.in]
        type = 'stdin'
        [sinks.out]
        type = 'courier'
        inputs = ['in']
        api_key = 'pk_test'
    ";
    let config = Config::parse(text, "config.toml", &nothing).expect(text);
    assert_eq!(config.data_dir, None);
    assert_eq!(config.shutdown_timeout, Duration::from_secs(60));
    assert!(config.emulator.is_none());
    let source = &config.sources["in"];
    assert_eq!(source.kind, SourceKind::Stdin);
    assert_eq!(source.max_line_bytes, count(4_096_000));
    assert_eq!(source.line, 2);
    let sink = &config.sinks["out"];
    assert_eq!(sink.inputs, ["in"]);
    let courier = &sink.courier;
    assert_eq!(&*courier.settings.rules.sink, "out");
    assert_eq!(courier.endpoint.as_str(), "https://api.courier.com");
    assert_eq!(courier.settings.ingest, ingest::Limits::default());
    assert_eq!(courier.settings.batch, batch::Limits::default());
    assert_eq!(courier.settings.order, Order::default());
    assert_eq!(courier.settings.buffer, Buffer::default());
    assert_eq!(courier.settings.delivery, delivery::Settings::default());
    assert_eq!(courier.settings.expiration, Expiration::default());
    assert_eq!(courier.settings.rules.inline, Inline::Allow);
    assert_eq!(courier.settings.rules.ordering, Ordering::User);
    assert_eq!(courier.settings.rules.integrations, Integrations::Strict);
    assert_eq!(courier.settings.rules.consent, None);
    assert_eq!(format!("{:?}", direct(courier)), format!("{:?}", Direct::default()));
    assert_eq!(courier.connect_timeout, Duration::from_secs(5));
    assert_eq!(courier.tls, Tls::default());
    assert_eq!(courier.proxy, Proxy::default());
    assert!(courier.acknowledgements);
    let healthcheck = HealthcheckConfig { enabled: true, timeout: Duration::from_secs(10) };
    assert_eq!(courier.healthcheck, healthcheck);
    assert!(courier.dead_letter.path.is_none() && courier.journal.is_none());
}

#[test]
fn every_option_around_the_sink_is_read() {
    let config = everything();
    assert_eq!(config.data_dir, Some("/var/lib/courier-sink".into()));
    assert_eq!(config.shutdown_timeout, Duration::from_millis(1500));
    let emulator = config.emulator.expect("it is configured");
    assert_eq!(emulator.address.to_string(), "127.0.0.1:8787");
    assert!(emulator.api_key.is_some());
    let SourceKind::File(file) = &config.sources["files"].kind else { panic!("they are files") };
    assert_eq!(file.include, ["events/*.json", "more/**/*.gz"]);
    assert_eq!(
        (file.exclude.as_slice(), file.ignore_checkpoints),
        (&["events/old.json".into()][..], true)
    );
    assert_eq!(
        (file.order, file.ignore_older),
        (FileOrder::Path, Some(Duration::from_secs(86400)))
    );
    assert_eq!(file.follow.map(|follow| follow.read_from), Some(ReadFrom::End));
    assert_eq!(config.sources["files"].max_line_bytes, count(1000));
    assert_eq!(config.sinks["courier"].inputs, ["files", "stdin"]);
}

#[test]
fn every_option_of_the_flow_is_read() {
    let config = everything();
    let courier = &config.sinks["courier"].courier;
    assert_eq!(courier.settings.ingest.max_event_bytes, 2000);
    assert_eq!(courier.settings.ingest.max_depth, 120);
    let batch = batch::Limits {
        max_events: Some(count(10)),
        max_bytes: count(20),
        timeout: Duration::from_millis(250),
    };
    assert_eq!(courier.settings.batch, batch);
    let order =
        Order { on_rejected: OnRejected::DeadLetterFollowers, max_wait: Duration::from_secs(90) };
    assert_eq!(courier.settings.order, order);
    let expiration = Expiration {
        after: Some(Duration::from_secs(86_400)),
        by_type: [(EventType::Identify, Duration::from_secs(3600))].into(),
        by_name: [
            ("Code Sent".to_owned(), Duration::from_secs(600)),
            ("group".to_owned(), Duration::from_millis(1500)),
        ]
        .into(),
        from: ExpiresFrom::Timestamp,
    };
    assert_eq!(courier.settings.expiration, expiration);
    let buffer = Buffer { max_events: count(30), max_size: count(40) };
    assert_eq!(courier.settings.buffer, buffer);
    let rate = Rate {
        limit: NonZeroU32::new(100).expect("100 is above 0"),
        per: Duration::from_secs(60),
        burst: NonZeroU32::new(10).expect("10 is above 0"),
    };
    let delivery = delivery::Settings {
        concurrency: Concurrency::Fixed(count(5)),
        rate: Some(rate),
        timeout: Duration::from_secs(30),
        retry: Retry {
            strategy: RetryStrategy::Custom([404, 503].into()),
            attempts: 0,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(15),
            jitter: Jitter::None,
        },
        retry_after_max: Duration::from_secs(600),
        hold_probe: Duration::from_secs(2),
        ..delivery::Settings::default()
    };
    assert_eq!(courier.settings.delivery, delivery);
    let healthcheck = HealthcheckConfig { enabled: false, timeout: Duration::from_millis(2500) };
    assert_eq!(courier.healthcheck, healthcheck);
    assert!(!courier.acknowledgements);
    assert_eq!(courier.dead_letter.path, Some("dead.ndjson".into()));
    assert_eq!(courier.journal.unwrap().max_size.get(), 131_072);
}

#[test]
fn every_option_of_the_way_to_courier_is_read() {
    let config = everything();
    let courier = &config.sinks["courier"].courier;
    assert_eq!(courier.endpoint.as_str(), "https://localhost:8787");
    assert_eq!(courier.connect_timeout, Duration::from_secs(3));
    let tls = Tls {
        ca_file: Some("ca.pem".into()),
        crt_file: Some("crt.pem".into()),
        key_file: Some("key.pem".into()),
        verify_certificate: true,
        verify_hostname: false,
        alpn_protocols: Some(vec![Alpn::Http11]),
        server_name: Some("courier.internal".into()),
    };
    assert_eq!(courier.tls, tls);
    let proxy = Proxy {
        enabled: true,
        http: ProxyUrl::new("http://proxy:1").ok(),
        https: ProxyUrl::new("http://me:hunter2@proxy:2").ok(),
        no_proxy: vec!["localhost".into()],
    };
    assert_eq!(courier.proxy, proxy);
}

#[test]
fn every_rule_is_read() {
    let config = everything();
    let courier = &config.sinks["courier"].courier;
    let rules = &courier.settings.rules;
    assert_eq!(rules.integrations, Integrations::Ignore);
    assert_eq!(rules.inline, Inline::Template);
    assert_eq!(rules.ordering, Ordering::None);
    let consent = Consent {
        provider: "custom".into(),
        ids: vec!["marketing".into(), "email".into()],
        strategy: ConsentStrategy::Or,
    };
    assert_eq!(rules.consent, Some(consent));
    let direct = direct(courier);
    assert_eq!(direct.traits, Traits::Custom);
    assert_eq!(direct.null_traits, NullTraits::Delete);
    assert_eq!(direct.rename["mobile number"], "phone_number");
    assert!(direct.context_attributes && direct.anonymous_fallback);
    assert_eq!(direct.unmapped, Unmapped::Skip);
    assert_eq!(direct.tenant_write, TenantRule::CreateOnly);
    assert_eq!(direct.announce, [EventType::Group, EventType::Identify]);
}

#[test]
fn every_mapping_is_read_and_steps_keep_order_and_numbers() {
    let config = everything();
    let blocks = &direct(&config.sinks["courier"].courier).automations;
    let [template, journey, steps] = blocks.as_slice() else {
        panic!("{blocks:?}");
    };
    let on = Trigger { kind: EventType::Track, name: Some("Order Completed/EU".into()) };
    assert_eq!(template.on, on);
    assert!(matches!(&template.target, Target::Template(id) if id.as_str() == "order-confirmed"));
    assert_eq!(template.data, "properties.order".parse().expect("it is a path"));
    assert_eq!(template.recipient, "context.traits.id".parse().ok());
    assert_eq!(template.profile, "context.traits".parse().ok());
    assert!(matches!(journey, Automation { only: true, data: Data::Event, .. }));
    assert!(matches!(&journey.target, Target::Journey(id) if id.as_str() == "welcome"));
    assert_eq!(steps.on.to_string(), "track");
    let Target::Steps(json) = &steps.target else {
        panic!("{:?}", steps.target);
    };
    assert_eq!(
        json.as_str(),
        concat!(
            r#"[{"action":"send","template":"a \"b\" pk_secret","if":"${data.total} > 1","#,
            r#""delay":1.5,"count":9007199254740993,"again":true,"#,
            r#""to":{"z":[1,[2.0,-0.001]],"a":{}},"at":"2026-01-02T03:04:05Z"},"#,
            r#"{"action":"cancel"}]"#
        )
    );
}

#[test]
fn patterns_in_inputs_become_the_sources_they_match() {
    let text = "
        [sources.a1]
        type = 'stdin'
        [sources.a2]
        type = 'stdin'
        [sources.b]
        type = 'stdin'
        [sinks.out]
        type = 'courier'
        inputs = ['b', 'a*', 'a2']
        api_key = 'pk_test'
    ";
    let config = Config::parse(text, "config.toml", &nothing).expect(text);
    assert_eq!(config.sinks["out"].inputs, ["b", "a1", "a2"]);
}

#[test]
fn nothing_shows_secrets() {
    let config = everything();
    let shown = format!("{config:?}");
    for secret in ["pk_secret", "hunter2"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn beside_an_emulator_an_endpoint_is_on_this_machine() {
    let before =
        BEFORE.replace("[sources.in]", "emulator = { address = \"127.0.0.1:0\" }\n[sources.in]");
    let parse = |endpoint: &str| {
        let text = format!("{before}{endpoint}\n[sinks.out.proxy]\nenabled = false\n");
        Config::parse(&text, "config.toml", &environment)
    };
    for (endpoint, is_written) in [
        ("", false),
        ("endpoint = \"http://localhost:1\"", true),
        ("endpoint = \"http://127.9.9.9\"", true),
        ("endpoint = \"http://[::1]:1\"", true),
    ] {
        let config = parse(endpoint).unwrap();
        assert_eq!(config.sinks["out"].courier.is_endpoint_written, is_written);
    }
    for host in ["api.courier.com", "api.eu.courier.com", "localhost.example.com", "10.0.0.1"] {
        let mistakes = parse(&format!("endpoint = \"https://{host}\"")).unwrap_err();
        assert_eq!(
            mistakes.to_string(),
            "config.toml:9:1: sinks.out.endpoint: is not on this machine, and `[emulator]` stands beside it, remove one \
             of the two"
        );
    }
}
