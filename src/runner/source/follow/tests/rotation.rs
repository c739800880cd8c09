//! What is renamed, deleted, cut off, also between two runs.

use super::*;

#[test]
fn a_rotated_file_is_read_to_its_end_before_the_one_in_its_place() {
    for glob in ["log*", "log"] {
        let mut rig = Rig::new(glob);
        let old = if glob == "log" { "log" } else { "log.1" };
        rig.write("log", "1\n");
        assert_eq!(rig.round(), ["log:1 1"]);
        rig.append("log", "2\n");
        rig.rename("log", "log.1");
        rig.write("log", "3\n");
        assert_eq!(rig.round(), [format!("{old}:2 2"), "log:1 3".to_owned()]);
        // Whoever writes has not let go of it yet.
        rig.append("log.1", "4\n");
        rig.append("log", "5\n");
        assert_eq!(rig.round(), [format!("{old}:3 4"), "log:2 5".to_owned()]);
        rig.rename("log.1", "log.2");
        rig.rename("log", "log.1");
        rig.write("log", "6\n");
        assert_eq!(rig.round(), ["log:1 6"]);
        rig.restart();
        assert_eq!(rig.round(), NOTHING);
        assert_eq!(rig.problems, NOTHING);
    }
}

#[test]
fn what_is_gone_is_read_on_for_so_long_and_no_longer() {
    let mut rig = Rig::new("log");
    rig.write("log", "1\n{\"half\"");
    assert_eq!(rig.round(), ["log:1 1"]);
    rig.rename("log", "elsewhere");
    for _ in 0..5 {
        assert_eq!(rig.round(), NOTHING);
    }
    rig.append("elsewhere", ":2}\n3\n{\"half\"");
    assert_eq!(rig.round(), ["log:2 {\"half\":2}", "log:3 3"]);
    assert_eq!(rig.round(), NOTHING);
    assert!(
        rig.problems[0].contains("within the record that begins on line 4"),
        "{:?}",
        rig.problems
    );
    rig.append("elsewhere", ":4}\n");
    assert_eq!(rig.round(), NOTHING);
    assert_eq!((rig.follower.watched.len(), rig.problems.len()), (0, 1));
}

#[test]
fn a_file_that_is_deleted_is_read_to_its_end() {
    let mut rig = Rig::new("log");
    rig.write("log", "1\n");
    assert_eq!(rig.round(), ["log:1 1"]);
    rig.append("log", "2\n");
    fs::remove_file(rig.path("log")).unwrap();
    rig.write("log", "3\n");
    assert_eq!(rig.round(), ["log:2 2", "log:1 3"]);
}

#[test]
fn a_file_that_is_cut_off_or_written_anew_is_read_from_its_start() {
    let mut rig = Rig::new("log");
    rig.write("log", "1\n2\n");
    assert_eq!(rig.round(), ["log:1 1", "log:2 2"]);
    rig.write("log", "3\n");
    assert_eq!(rig.round(), ["log:1 3"]);
    rig.write("log", "4\n5\n6\n");
    assert_eq!(rig.round(), ["log:1 4", "log:2 5", "log:3 6"]);
    rig.write("log", "");
    assert_eq!(rig.round(), NOTHING);
    rig.append("log", "7\n");
    assert_eq!(rig.round(), ["log:1 7"]);
    rig.restart();
    assert_eq!(rig.round(), NOTHING);
    rig.append("log", "8\n");
    assert_eq!(rig.round(), ["log:2 8"]);
}

#[test]
fn after_a_restart_reading_goes_on_in_the_rotated_file_and_then_in_the_new_one() {
    let mut rig = Rig::new("log*");
    rig.write("log", "1\n");
    assert_eq!(rig.round(), ["log:1 1"]);
    rig.append("log", "2\n");
    rig.rename("log", "log.1");
    rig.write("log", "3\n");
    rig.restart();
    assert_eq!(rig.round(), ["log.1:2 2", "log:1 3"]);
    // Twice, the older one packed.
    fs::remove_file(rig.path("log.1")).unwrap();
    rig.write("log.2.gz", zip("1\n2\n"));
    rig.append("log", "4\n");
    rig.rename("log", "log.1");
    rig.write("log", "5\n");
    for (name, time) in [("log.2.gz", 100), ("log.1", 200), ("log", 300)] {
        rig.touch(name, time);
    }
    rig.restart();
    assert_eq!(rig.round(), ["log.1:2 4", "log:1 5"]);
    assert_eq!(rig.problems, NOTHING);
}
