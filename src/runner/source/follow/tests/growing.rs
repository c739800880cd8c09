//! What is added, what comes later, and which of it is read.

use super::*;

#[test]
fn what_is_added_is_read_and_an_unfinished_line_waits_for_its_end() {
    let mut rig = Rig::new("log");
    assert_eq!(rig.round(), NOTHING, "a file may come later");
    rig.write("log", "1\n{\"a\"");
    assert_eq!(rig.round(), ["log:1 1"]);
    assert_eq!(rig.round(), NOTHING);
    rig.append("log", ":2}\n3\n");
    assert_eq!(rig.round(), ["log:2 {\"a\":2}", "log:3 3"]);
    rig.append("log", "{\"b\":4}");
    assert_eq!(rig.round(), NOTHING);
    assert_eq!(rig.round(), ["log:4 {\"b\":4}"], "it is whole, and nothing came since");
    rig.append("log", "\n5\n");
    assert_eq!(rig.round(), ["log:5 5"]);
    assert_eq!(rig.problems, NOTHING);
}

#[test]
fn an_array_that_grows_is_read_element_by_element() {
    let mut rig = Rig::new("log");
    rig.write("log", "[\n{\"a\":1},\n{\"b\"");
    assert_eq!(rig.round(), ["log:2 {\"a\":1}"]);
    assert_eq!(rig.round(), NOTHING);
    rig.append("log", ":2}\n]\n");
    assert_eq!(rig.round(), ["log:3 {\"b\":2}"]);
    rig.restart();
    assert_eq!(rig.round(), NOTHING);
}

#[test]
fn the_oldest_file_is_read_first_or_they_are_read_by_their_names() {
    for order in [FileOrder::Oldest, FileOrder::Path] {
        let mut rig = Rig::with("*", |source, _| source.order = order);
        for (name, time) in [("a", 300), ("b", 100), ("b.1", 100), ("c", 200)] {
            rig.write(name, format!("\"{name}\"\n"));
            rig.touch(name, time);
        }
        let read: Vec<_> =
            rig.round().iter().map(|it| it.split(':').next().unwrap().to_owned()).collect();
        match order {
            FileOrder::Oldest => assert_eq!(read[2..], ["c", "a"]),
            FileOrder::Path => assert_eq!(read, ["a", "b", "b.1", "c"]),
        }
    }
}

#[test]
fn what_was_not_written_to_for_long_is_left_alone_until_it_is() {
    let limit = Some(Duration::from_secs(100));
    let mut rig = Rig::with("*", |source, _| source.ignore_older = limit);
    rig.write("old", "1\n");
    rig.write("new", "2\n");
    rig.touch("old", 899);
    rig.touch("new", 900);
    assert_eq!(rig.round(), ["new:1 2"]);
    rig.append("old", "3\n");
    assert_eq!(rig.round(), ["old:1 1", "old:2 3"]);
}

#[test]
fn from_the_end_means_what_comes_after_the_very_first_start() {
    let mut rig = Rig::with("log*", |_, follow| follow.read_from = ReadFrom::End);
    rig.write("log", "1\n2\n{\"half\"");
    rig.write("log.gz", zip("packed\n"));
    assert_eq!(rig.round(), NOTHING);
    rig.append("log", ":3}\n");
    assert_eq!(rig.round(), ["log:3 {\"half\":3}"]);
    rig.rename("log", "log.1");
    rig.write("log", "4\n");
    rig.restart();
    assert_eq!(rig.round(), ["log:1 4"]);
    rig.write("log.new", "5\n");
    assert_eq!(rig.round(), ["log.new:1 5"]);
}

#[test]
fn globs_are_looked_at_no_more_often_than_they_are_to_be() {
    let mut rig = Rig::with("*", |_, follow| follow.glob_cooldown = Duration::from_secs(3));
    rig.write("a", "1\n");
    assert_eq!(rig.round(), ["a:1 1"]);
    rig.write("b", "2\n");
    rig.append("a", "3\n");
    assert_eq!(rig.round(), ["a:2 3"]);
    assert_eq!(rig.round(), NOTHING);
    assert_eq!(rig.round(), ["b:1 2"]);
}

#[test]
fn what_is_no_file_is_passed_over() {
    let mut rig = Rig::new("*");
    fs::create_dir(rig.path("folder")).unwrap();
    #[cfg(unix)]
    std::os::unix::net::UnixListener::bind(rig.path("socket")).unwrap();
    rig.write("log", "1\n");
    assert_eq!((rig.round(), rig.problems.len()), (vec!["log:1 1".to_owned()], 0));
}
