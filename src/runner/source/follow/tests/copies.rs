//! Copies, packed ones too: nothing is read twice, and what only looks like a copy is read.

use super::*;

#[test]
fn of_a_file_that_is_copied_and_cut_off_the_copy_is_read_on() {
    for count in [3, 200] {
        let mut rig = Rig::new("log*");
        let text = lines(count);
        rig.write("log", &text);
        assert_eq!(rig.round().len(), count);
        // The copy grows while it is made.
        for part in [40, text.len() / 2, text.len()] {
            rig.write("log.1", &text.as_bytes()[..part]);
            assert_eq!(rig.round(), NOTHING, "{part}");
        }
        rig.append("log", "2\n");
        rig.append("log.1", "2\n");
        rig.write("log", "3\n");
        assert_eq!(rig.round(), [format!("log.1:{} 2", count + 1), "log:1 3".to_owned()]);
        rig.restart();
        assert_eq!(rig.round(), NOTHING);
        assert_eq!(rig.problems, NOTHING);
    }
}

#[test]
fn a_copy_that_becomes_another_file_is_read() {
    let mut rig = Rig::new("log*");
    rig.write("log", "1\n");
    rig.write("log.1", "1\n");
    rig.touch("log", 100);
    rig.touch("log.1", 200);
    assert_eq!(rig.round(), ["log:1 1"]);
    rig.append("log.1", "2\n");
    assert_eq!(rig.round().last().unwrap(), "log.1:2 2");
}

#[test]
fn what_begins_alike_by_accident_is_no_copy() {
    let mut rig = Rig::new("*.log*");
    rig.write("a.log", "1\n");
    rig.write("b.log", "1\n");
    assert_eq!(rig.round(), ["a.log:1 1", "b.log:1 1"]);
    let text = lines(200);
    rig.append("b.log", &text);
    assert_eq!(rig.round().len(), 200);
    rig.rename("b.log", "b.log.1");
    rig.write("b.log", format!("1\n{}", lines(100)));
    assert_eq!(rig.round().len(), 101, "in the place of one that began alike");
}

#[test]
fn a_file_that_is_packed_after_it_was_read_is_not_read_again() {
    let mut rig = Rig::new("log*");
    let text = lines(200);
    rig.write("log", &text);
    assert_eq!(rig.round().len(), 200);
    rig.rename("log", "log.1");
    let packed = zip(&text);
    rig.write("log.1.gz", &packed[..packed.len() / 2]);
    assert_eq!(rig.round(), NOTHING, "it is being packed");
    rig.write("log.1.gz", &packed);
    assert_eq!(rig.round(), NOTHING, "both are there");
    fs::remove_file(rig.path("log.1")).unwrap();
    assert_eq!(rig.round(), NOTHING);
    rig.rename("log.1.gz", "log.2.gz");
    assert_eq!(rig.round(), NOTHING);
    rig.restart();
    assert_eq!(rig.round(), NOTHING);
    assert_eq!(rig.problems, NOTHING);
}

#[test]
fn a_packed_file_is_read_on_where_the_one_that_was_packed_was_left() {
    let mut rig = Rig::new("log*");
    rig.write("log", "1\n{\"half\"");
    assert_eq!(rig.round(), ["log:1 1"]);
    fs::remove_file(rig.path("log")).unwrap();
    rig.write("log.1.gz", zip("1\n{\"half\":2}\n3\n"));
    rig.write("log", "4\n");
    assert_eq!(rig.round(), ["log.1.gz:2 {\"half\":2}", "log.1.gz:3 3", "log:1 4"]);
    rig.write("log.1.gz", [zip("1\n{\"half\":2}\n3\n"), zip("5\n")].concat());
    assert_eq!(rig.round(), ["log.1.gz:4 5"], "more was packed behind it");
    rig.restart();
    assert_eq!(rig.round(), NOTHING);
}

#[test]
fn a_packed_file_that_breaks_off_is_a_problem_once() {
    let mut rig = Rig::new("log*");
    let packed = zip(lines(200));
    rig.write("log.gz", &packed[..packed.len() - 10]);
    assert_eq!(rig.round(), NOTHING);
    rig.touch("log.gz", 900);
    assert_eq!((rig.round().len() > 100, rig.problems.len()), (true, 1));
    assert_eq!((rig.round().len(), rig.problems.len()), (0, 1));
}

#[test]
fn what_is_cut_off_or_deleted_while_it_is_compared_is_not_read_again_from_its_copy() {
    let mut rig = Rig::new("log*");
    let text = lines(200);
    rig.write("log", &text);
    assert_eq!(rig.round().len(), 200);
    // Between the look at the file, of which there is none here, and the look at its copy.
    rig.write("log.1", &text);
    rig.write("log", "1\n");
    assert!(rig.follower.scan(rig.now).is_empty());
    assert_eq!(rig.round(), ["log:1 1"]);
    rig.write("log.1.gz", zip(&text));
    let gone = rig.path("log.1");
    let candidate = (rig.path("log.1.gz"), Stat::of(&rig.path("log.1.gz")).unwrap());
    fs::remove_file(gone).unwrap();
    let fresh = rig.follower.look_into(vec![candidate], rig.now, &mut Vec::new());
    assert_eq!(fresh.len(), 0);
    assert_eq!(rig.round(), NOTHING);
}
