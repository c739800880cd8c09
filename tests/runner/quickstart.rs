//! The bundled file against an emulator in another process: what the summary says is what the emulator saw.

use std::collections::BTreeMap;
use std::path::Path;

use crate::process::{Emulated, run, write};

#[test]
fn the_quickstart_exits_clean_and_its_summary_is_what_courier_saw() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(folder.path(), "any-key-will-do-here");
    let config =
        std::fs::read_to_string(repository.join("config-examples/quickstart.toml")).unwrap();
    let config = config
        .replace("[emulator]\naddress = \"127.0.0.1:0\"\n", "")
        .replace("target/quickstart", folder.path().to_str().unwrap())
        .replace(
            "api_key =",
            &format!("endpoint = \"{}\"\nhealthcheck = false\napi_key =", emulated.url()),
        );
    let config = write(folder.path(), "quickstart.toml", config);
    let ended = run(repository, &["run", config.to_str().unwrap()]).expect(0);
    assert!(ended.count("events read") >= 1000, "{}", ended.stdout);
    assert_eq!((ended.count("rejected"), ended.count("retries")), (0, 0));

    let summary = emulated.summary();
    let mut seen = BTreeMap::<String, u64>::new();
    for route in summary["requests"].as_array().unwrap() {
        let path = route["route"].as_str().unwrap().replace("{template}", "{template_id}");
        let name = format!("{} {path}", route["method"].as_str().unwrap());
        *seen.entry(name).or_default() += route["count"].as_u64().unwrap();
    }
    for (name, count) in &seen {
        assert_eq!(ended.count(name), *count, "{name} in {}", ended.stdout);
    }
    assert_eq!(ended.count("requests sent"), seen.values().sum::<u64>());
    assert_eq!(summary["profiles"], 150);
    assert_eq!(summary["tenants"], 12);
    assert_eq!(summary["memberships"], 150);

    let requests = emulated.requests();
    assert_eq!(u64::try_from(requests.len()).unwrap(), ended.count("requests sent"));
    let mut last = BTreeMap::<String, String>::new();
    for request in requests.iter().filter(|it| it["path"] == "/inbound/rudderstack") {
        let event = &request["body"];
        let user = event["userId"].to_string();
        let time = event["originalTimestamp"].as_str().or(event["timestamp"].as_str());
        let time = time.expect("every bundled event has a time").to_owned();
        let before = last.insert(user, time.clone());
        assert!(before.is_none_or(|before| before <= time), "a user's events are in order");
    }
}

#[test]
fn the_quickstart_runs_as_it_is_and_again() {
    // In a folder of its own, since two runs cannot share the `data_dir` that the file names.
    let folder = tempfile::tempdir().unwrap();
    let examples = folder.path().join("config-examples");
    std::fs::create_dir(&examples).unwrap();
    for name in ["quickstart.toml", "quickstart.ndjson"] {
        let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("config-examples");
        std::fs::copy(bundled.join(name), examples.join(name)).unwrap();
    }
    for _ in 0..2 {
        let arguments = ["run", "config-examples/quickstart.toml"];
        let ended = run(folder.path(), &arguments).expect(0);
        assert!(ended.count("delivered") > 900, "{}", ended.stdout);
    }
}
