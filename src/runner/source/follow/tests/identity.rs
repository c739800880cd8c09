//! Which file is which where what tells them apart is the same: inodes, beginnings, and a file that changes under its reader.

use super::*;

/// The same, as if `name` had the inode of the first file that is followed.
fn give_inode(rig: &mut Rig, name: &str) {
    let id = Stat::of(&rig.path(name)).expect("it was written").id;
    rig.follower.watched[0].stat.id = id;
}

#[test]
fn a_packed_file_that_has_the_inode_of_one_that_was_read_and_deleted_is_read() {
    for name in ["b.gz", "a.gz"] {
        for is_restarted in [false, true] {
            let mut rig = Rig::new("*.gz");
            rig.write("a.gz", zip(lines(200)));
            assert_eq!(rig.round().len(), 200);
            fs::remove_file(rig.path("a.gz")).unwrap();
            rig.write(name, zip("1\n2\n"));
            if is_restarted {
                rig.restart();
            } else {
                give_inode(&mut rig, name);
            }
            assert_eq!(rig.round(), [format!("{name}:1 1"), format!("{name}:2 2")]);
            rig.restart();
            assert_eq!(rig.round(), NOTHING);
            assert_eq!(rig.problems, NOTHING);
        }
    }
}

#[test]
fn of_two_files_that_begin_alike_for_more_than_a_mark_covers_each_goes_on_where_it_was_left() {
    let mut rig = Rig::new("*.log");
    let head = lines(200);
    rig.write("a.log", head.clone() + "\"a\"\n");
    rig.write("b.log", head.clone() + "\"bb\"\n\"b\"\n");
    let read = rig.round();
    let own = |name: &str| read.iter().filter(|it| it.starts_with(name)).count();
    assert_eq!((own("a.log"), own("b.log")), (201, 202));
    let fingerprints = rig.follower.watched.iter().map(|it| it.kept().unwrap().fingerprint);
    let fingerprints: Vec<_> = fingerprints.collect();
    assert_eq!(fingerprints[0], fingerprints[1], "so it alone does not tell them apart");
    // Each has the other's name in the next run.
    rig.rename("a.log", "c");
    rig.rename("b.log", "a.log");
    rig.rename("c", "b.log");
    rig.append("a.log", "3\n");
    rig.append("b.log", "4\n");
    rig.restart();
    let mut read = rig.round();
    read.sort();
    assert_eq!(read, ["a.log:203 3", "b.log:202 4"]);
    rig.restart();
    assert_eq!(rig.round(), NOTHING);
    assert_eq!(rig.problems, NOTHING);
}

#[test]
fn a_file_that_is_written_anew_while_it_is_read_gives_no_line_of_both() {
    let text = |word: &str, count: usize| {
        let line = |at| format!("\"{word} {at} {}\"\n", word.repeat(at % 70));
        (1..=count).map(line).collect::<String>()
    };
    let (old, new) = (text("old", 3000), text("new", 4000));
    let mut rig = Rig::new("log");
    rig.write("log", &old);
    let (feed, mut messages) = Feed::with_room(1, Arc::default());
    let path = rig.path("log");
    let mut taken = Vec::new();
    std::thread::scope(|scope| {
        let follower = &mut rig.follower;
        let now = rig.now;
        let reader = scope.spawn(move || follower.round(&feed, now).unwrap());
        // The first piece is read, and the reader waits for room behind it, or is about to.
        while messages.is_empty() {
            std::thread::yield_now();
        }
        fs::write(path, &new).unwrap();
        while let Some(message) = messages.blocking_recv() {
            taken.push(message);
        }
        reader.join().unwrap();
    });
    assert!(rig.follower.watched[0].is_lost(), "so it was told");
    let (sender, messages) = mpsc::channel(taken.len());
    for message in taken {
        sender.try_send(message).unwrap();
    }
    let before = rig.take(messages, |_| EventStatus::Delivered);
    assert!(!before.is_empty() && before.len() < 3000, "{}", before.len());
    let numbered = |text: &str| -> Vec<_> {
        text.lines().enumerate().map(|(at, line)| format!("log:{} {line}", at + 1)).collect()
    };
    assert_eq!(before, numbered(&old)[..before.len()]);
    assert_eq!(rig.round(), numbered(&new));
    assert_eq!(rig.problems, NOTHING);
}
