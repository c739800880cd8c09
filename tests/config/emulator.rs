//! `[emulator]`: by itself, and what is said about wrong limits and faults.

use std::time::Duration;

use courier_sink::config::EmulatorConfig;
use courier_sink::config::emulator::{
    Distribution, Endpoints, FaultKind, UnknownProfile, WaitHeader,
};
use courier_sink::courier::Class;

fn parse(text: &str) -> Result<EmulatorConfig, String> {
    EmulatorConfig::parse(text, "config.toml", &|_| None).map_err(|it| it.to_string())
}

const ADDRESS: &str = "[emulator]\naddress = \"127.0.0.1:0\"\n";

#[test]
fn an_emulator_stands_by_itself_with_limits_and_faults() {
    let text = format!(
        "{ADDRESS}seed = 3\n[emulator.limits]\nrate_limit_num = 5\nwait_header = \"none\"\n\
         [emulator.faults.latency]\nmean_secs = 0.5\ndistribution = \"uniform\"\n\
         [emulator.faults.slow_body]\nprobability = 0.25\nevery_secs = 10\nfor_secs = 2\n\
         classes = [\"memberships\", \"lists\"]\n[emulator.limits.classes.send]\nconcurrency = 1\n"
    );
    let config = parse(&text).expect("it is right");
    assert_eq!((config.seed, config.limits.wait_header), (3, WaitHeader::None));
    let rate = config.limits.total.rate.map(|(num, time)| (num.get(), time));
    assert_eq!(rate, Some((5, Duration::from_secs(1))));
    let latency = config.faults.latency.expect("it is written");
    assert_eq!((latency.distribution, latency.schedule.probability), (Distribution::Uniform, 1.0));
    assert_eq!(latency.schedule.classes, None);
    let [fault] = &config.faults.faults[..] else { panic!("one is written") };
    assert_eq!((fault.kind, fault.duration), (FaultKind::SlowBody, Duration::from_secs(5)));
    assert_eq!(fault.schedule.every, Some((Duration::from_secs(10), Duration::from_secs(2))));
    assert_eq!(
        fault.schedule.classes,
        Some(vec![Endpoints::Of(Class::Memberships), Endpoints::Lists])
    );
    let send = config.limits.classes[Endpoints::Send.index()].concurrency;
    assert_eq!(send.map(usize::from), Some(1));
    let plain = parse(ADDRESS).expect("it is right");
    assert!(plain.faults.faults.is_empty() && plain.faults.latency.is_none());
    assert_eq!(plain.unknown_profile, UnknownProfile::Empty);
    let switched = parse(&format!("{ADDRESS}unknown_profile = \"not_found\"\n"));
    assert_eq!(switched.expect("it is right").unknown_profile, UnknownProfile::NotFound);
}

#[test]
fn what_stands_beside_it_is_checked_too() {
    let example = include_str!("../../config-examples/emulator.toml");
    assert_eq!(parse(example).expect("it is right").faults.seed, 7);
    for (text, said) in [
        ("", "config.toml:1:1: emulator: is missing, add a block `[emulator]`".to_owned()),
        (
            "data_dir = \"x\"\n",
            "config.toml:1:1: emulator: is missing, add a block `[emulator]`\n\
             config.toml:1:1: data_dir: unknown option, known here: `emulator`"
                .to_owned(),
        ),
        (
            "[sources.in]\ntype = \"stdin\"\n",
            "config.toml:1:1: emulator: is missing, add a block `[emulator]`\n\
             config.toml:1:1: sinks: is missing, add a block `[sinks.NAME]`"
                .to_owned(),
        ),
    ] {
        assert_eq!(parse(text).expect_err(text), said);
    }
}

#[test]
fn every_mistake_in_limits_and_faults_is_said_at_once() {
    let text = format!(
        "{ADDRESS}limits.rate_limit_duration_secs = 1\nlimits.wait_header = \"sometimes\"\n\
         unknown_profile = \"gone\"\n\
         limits.classes.profile = {{ rate_limit_num = 1 }}\nfaults.latency = {{ jitter_secs = 1 }}\n\
         faults.hang = {{ probability = 1.5, every_secs = 1 }}\n\
         faults.error_500 = {{ from_secs = 5, until_secs = 5, for_secs = 1 }}\n\
         faults.garbage_body = {{ every_secs = 1, for_secs = 2 }}\nfaults.slow = {{}}\nseed = -1\n\
         faults.error_503.classes = []\nfaults.unauthorized.classes = \"inbound\"\n\
         faults.slow_body.classes = [\"tenants\", \"tenant\", \"tenants\"]\n"
    );
    let said = parse(&text).expect_err("there are mistakes");
    for (path, clause) in [
        ("limits.rate_limit_duration_secs", "does nothing without `rate_limit_num`, set that too"),
        ("limits.wait_header", "expected `none`, `retry-after` or `retry-after-ms`"),
        ("unknown_profile", "expected `empty` or `not_found`"),
        ("limits.classes.profile", "unknown option, did you mean `profiles`?"),
        ("faults.latency.mean_secs", "is missing, set it to a number of seconds"),
        ("faults.hang.probability", "expected a number from 0 to 1, was the float 1.5"),
        ("faults.hang.every_secs", "does nothing without `for_secs`, set that too"),
        ("faults.error_500.until_secs", "must be more than `from_secs`"),
        ("faults.error_500.for_secs", "does nothing without `every_secs`, set that too"),
        ("faults.garbage_body.for_secs", "must not be more than `every_secs`"),
        ("faults.slow", "unknown option"),
        ("faults.error_503.classes", "must not be empty"),
        ("faults.unauthorized.classes", "expected an array"),
        ("faults.slow_body.classes[1]", "did you mean `tenants`?"),
        ("faults.slow_body.classes[2]", "is there twice"),
        ("seed", "must be at least 0, was -1"),
    ] {
        let line = said.lines().find(|line| line.contains(&format!(": emulator.{path}: ")));
        assert!(line.is_some_and(|line| line.contains(clause)), "{path}: {clause}\n{said}");
    }
    assert_eq!(said.lines().count(), 16, "{said}");
}
