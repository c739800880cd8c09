//! The Debian package: what is in it is there, the unit and the configuration fit the program, and versions agree.

use std::path::Path;

use crate::process::run;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn everything_that_goes_into_it_is_there() {
    let manifest = read("Cargo.toml");
    let (_, package) = manifest.split_once("\nassets = [\n").expect("it lists them");
    let (assets, _) = package.split_once("\n]").expect("the list ends");
    let sources: Vec<_> = assets.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert!(sources.len() > 5 && sources.contains(&"target/release/courier-sink"), "{sources:?}");
    for source in sources.iter().filter(|it| !it.starts_with("target/")) {
        let folder = source.strip_suffix("/*.md").unwrap_or(source);
        assert!(repository().join(folder).exists(), "{source} is not there");
    }
    // What the program writes of itself is written where the package looks for it.
    let script = read(".ci/package");
    let written: Vec<_> =
        sources.iter().filter_map(|source| source.strip_prefix("target/package/")).collect();
    assert_eq!(written.len(), 4, "{written:?}");
    for name in written {
        let name = name.strip_suffix("/*.1").unwrap_or(name);
        assert!(script.contains(&format!("$folder/{name}\"")), "{name}");
    }
    let changelog = read("config-examples/systemd/debian/changelog");
    let version = concat!("courier-sink (", env!("CARGO_PKG_VERSION"), "-1) ");
    assert!(changelog.starts_with(version), "{changelog}");
}

#[test]
fn the_unit_starts_what_the_program_takes_and_stays_down_where_somebody_must_look() {
    let unit = read("config-examples/systemd/courier-sink.service");
    let value = |name: &str| {
        let mut lines = unit.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).expect("it is set")
    };
    let mut words = value("ExecStart").split(' ');
    assert_eq!(words.next(), Some("/usr/bin/courier-sink"));
    let arguments: Vec<_> = words.collect();
    assert!(arguments.contains(&"/etc/courier-sink/config.toml"), "{arguments:?}");
    // Its configuration is not there, which is another code than that of a wrong command line.
    let folder = tempfile::tempdir().unwrap();
    let arguments: Vec<_> =
        arguments.iter().map(|it| if it.starts_with('/') { "absent.toml" } else { it }).collect();
    run(folder.path(), &arguments).expect(78);
    assert_eq!(value("RestartPreventExitStatus"), "2 65 78");
    let timeout: f64 = value("TimeoutStopSec").parse().unwrap();
    assert!(timeout > 60.0, "the default of shutdown_timeout_secs");
}

#[test]
fn its_configuration_is_right_and_kept_where_the_unit_may_write() {
    let path = repository().join("config-examples/systemd/config.toml");
    let ended = run(repository(), &["validate", "--no-files", path.to_str().unwrap()]).expect(0);
    assert!(ended.stdout.ends_with(": Validated\n"), "{}", ended.stdout);
    let config = read("config-examples/systemd/config.toml");
    let unit = read("config-examples/systemd/courier-sink.service");
    assert!(config.contains("\ndata_dir = \"/var/lib/courier-sink\"\n"));
    assert!(unit.contains("\nStateDirectory=courier-sink\n"));
}

#[cfg(unix)]
#[test]
fn its_scripts_are_scripts() {
    for name in ["postinst", "postrm"] {
        let path = repository().join("config-examples/systemd/debian").join(name);
        let checked = std::process::Command::new("sh").arg("-n").arg(&path).status().unwrap();
        assert!(checked.success(), "{name}");
        assert!(
            read(&format!("config-examples/systemd/debian/{name}")).contains("\n#DEBHELPER#\n"),
            "{name}"
        );
    }
}
