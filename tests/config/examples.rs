//! The configurations that are shipped: nothing is wrong with them, whatever the environment is.

use std::path::Path;

use courier_sink::config::Config;

#[test]
fn no_example_has_a_mistake() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config-examples");
    let mut count = 0;
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.display().to_string();
        for environment in [|_: &str| None, |_: &str| Some("http://fake:1".to_owned())] {
            let read = Config::parse(&text, &name, &environment);
            assert!(read.is_ok(), "{}", read.unwrap_err());
        }
        count += 1;
    }
    assert!(count > 1);
}
