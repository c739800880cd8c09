//! The demonstration, from its first line to its summary.

use tempfile::TempDir;

use crate::process::Running;

#[test]
fn the_demo_says_where_its_page_is_and_delivers_what_people_do_in_either_mode() {
    for mode in ["direct", "inbound"] {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let arguments =
            ["demo", "--mode", mode, "--rate", "2000", "--users", "3", "--duration", "0.05"];
        let ended = Running::start(folder.path(), &arguments).end().expect(0);
        assert!(ended.stdout.starts_with("Look at http://127.0.0.1:"), "{}", ended.stdout);
        assert_eq!(ended.count("events read"), 100, "{mode}: {}", ended.stdout);
        assert_eq!(ended.count("delivered"), 100, "{mode}: {}", ended.stdout);
    }
}
