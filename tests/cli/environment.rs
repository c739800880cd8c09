//! `validate --environment` against the emulated Courier: what is good, and a key that is not.

use crate::process::{Emulated, folder, run, write};

#[test]
fn what_is_around_is_told_and_a_wrong_key_is_found() {
    let place = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(place.path(), "right");
    let source = "type = \"stdin\"";
    let good = folder(
        &emulated.url(),
        source,
        "api_key_file = \"key\"\n[sinks.out.proxy]\nenabled = false",
    );
    let validate = || run(good.path(), &["validate", "--environment", "config.toml"]);
    write(good.path(), "key", "right\n");
    let ended = validate().expect(0);
    let words = |line: &str| line.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    let said: Vec<_> = ended.stdout.lines().map(words).collect();
    let expected = [
        "ok sinks.out api",
        "ok sinks.out endpoint",
        "ok sinks.out proxy",
        "ok sinks.out dns",
        "ok sinks.out call",
        "ok sinks.out clock",
        "ok data_dir disk",
        "config.toml: Validated",
    ];
    // An emulator need not tell the time.
    let expected: Vec<_> =
        expected.into_iter().filter(|it| said.iter().any(|said| said == it)).collect();
    assert_eq!(said, expected, "{}", ended.stdout);
    assert!(expected.len() >= 7, "{}", ended.stdout);

    // Word by word, but for what is another machine's.
    let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = ended.stdout.replace(&emulated.address, "HOST");
    let lines: Vec<_> = said.lines().map(plain).collect();
    for start in [
        "ok sinks.out api key in key, without white space around it",
        "ok sinks.out endpoint http://HOST: not one of Courier's own hosts",
        "ok sinks.out proxy none",
        "ok sinks.out dns HOST is 127.0.0.1",
        "ok sinks.out call GET /tenants is answered 200 in ",
        "ok data_dir disk .: 4096 bytes are on disk after ",
        "config.toml: Validated",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(start)), "{start}: {lines:#?}");
    }

    write(good.path(), "key", "wrong");
    let ended = validate().expect(78);
    let line = ended.stdout.lines().find(|line| line.starts_with("error")).expect("it is found");
    assert!(line.contains("call") && line.contains("use a key of this workspace"), "{line}");
    assert!(
        !ended.stdout.contains("Validated") && !ended.stdout.contains("wrong"),
        "{}",
        ended.stdout
    );

    // With white space around it, no header can carry it: that is known without a call.
    write(good.path(), "key", " right \n");
    let ended = validate().expect(78);
    assert!(ended.stderr.contains("put the key there as it is"), "{}", ended.stderr);
    emulated.summary();
}
