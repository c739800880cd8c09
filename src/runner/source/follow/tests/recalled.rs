//! What went back and is read again, also where its file is not what it was any more.

use super::*;

/// Everything is delivered but one.
fn but(text: &'static str) -> impl Fn(&str) -> EventStatus {
    move |it| if it == text { EventStatus::Errored } else { EventStatus::Delivered }
}

#[test]
fn what_went_back_is_read_again_and_what_was_delivered_since_is_not() {
    for packed in [false, true] {
        let mut rig = Rig::new("log*");
        let (name, text) = ("log.gz", "1\n2\n3\n");
        rig.write(name, zip(text));
        if !packed {
            fs::remove_file(rig.path(name)).unwrap();
            rig.write("log", text);
        }
        assert_eq!(rig.round_where(but("2")).len(), 3);
        rig.again();
        let read = rig.round();
        assert_eq!(
            read.iter().map(|it| it.split(' ').next_back().unwrap()).collect::<Vec<_>>(),
            ["2"]
        );
        rig.restart();
        assert_eq!(rig.round(), NOTHING);
        assert_eq!(rig.problems, NOTHING);
    }
}

#[test]
fn a_file_that_is_written_anew_before_what_went_back_is_read_again_is_another_and_the_loss_is_told()
{
    for (old, new) in [
        // Nothing alike; alike up to the checkpoint, as turns go; cut off there.
        ("1\n2\n3\n", "4\n5\n6\n7\n"),
        ("1\n2\n3\n", "1\n5\n6\n7\n"),
        ("1\n2\n3\n", "1\n"),
    ] {
        let mut rig = Rig::new("log");
        rig.write("log", old);
        assert_eq!(rig.round_where(but("2")).len(), 3);
        rig.write("log", new);
        rig.again();
        let expected: Vec<_> =
            new.lines().enumerate().map(|(at, text)| format!("log:{} {text}", at + 1)).collect();
        let read: Vec<_> = [rig.round(), rig.round()].concat();
        assert_eq!(read, expected, "{new:?}");
        assert_eq!(rig.problems.len(), 1, "{:?}", rig.problems);
        assert!(rig.problems[0].contains("from line 2 on"), "{:?}", rig.problems);
        // It is asked for again because of others.
        rig.again();
        for _ in 0..6 {
            assert_eq!(rig.round(), NOTHING);
        }
        assert_eq!((rig.follower.watched.len(), rig.problems.len()), (1, 1));
        rig.append("log", "8\n");
        rig.restart();
        assert_eq!(rig.round(), [format!("log:{} 8", expected.len() + 1)]);
    }
}

#[test]
fn of_a_file_that_is_copied_and_cut_off_what_went_back_is_read_again_from_the_copy() {
    for is_seen in [false, true] {
        let mut rig = Rig::new("log*");
        rig.write("log", lines(200));
        let second = lines(2).lines().last().unwrap().to_owned();
        let errored = second.clone();
        let status = move |text: &str| {
            if text == errored { EventStatus::Errored } else { EventStatus::Delivered }
        };
        assert_eq!(rig.round_where(status).len(), 200);
        rig.write("log.1", lines(200));
        rig.write("log", "new\n");
        if is_seen {
            // The cut is seen while the last record is under way.
            let (feed, _messages) = Feed::with_room(100, Arc::default());
            rig.look(&feed);
        }
        rig.again();
        let read = [rig.round(), rig.round()].concat();
        assert_eq!(read, [format!("log.1:2 {second}"), "log:1 new".to_owned()], "{is_seen}");
        assert_eq!(rig.problems, NOTHING);
    }
}

#[test]
fn a_file_is_held_until_what_was_handed_on_of_it_is_done_also_before_it_is_taken() {
    let mut rig = Rig::with("log", |_, follow| follow.rotate_wait = Duration::ZERO);
    rig.write("log", "1\n2");
    let (feed, messages) = Feed::with_room(100, Arc::default());
    rig.look(&feed);
    fs::remove_file(rig.path("log")).unwrap();
    for _ in 0..3 {
        rig.look(&feed);
        assert_eq!(rig.follower.watched.len(), 1);
    }
    assert_eq!(rig.take(messages, but("2")), ["log:1 1", "log:2 2"]);
    assert_eq!(rig.round(), NOTHING);
    rig.again();
    // The second is handed on only once nothing came behind it, as there is no line break.
    assert_eq!([rig.round(), rig.round(), rig.round()].concat(), ["log:2 2"]);
    rig.round();
    assert_eq!((rig.follower.watched.len(), rig.problems.len()), (0, 0));
}

#[test]
fn a_last_line_without_a_line_break_is_owed_as_well_though_its_file_has_gone() {
    let mut rig = Rig::with("log", |_, follow| follow.rotate_wait = Duration::ZERO);
    rig.write("log", "1\n");
    assert_eq!(rig.round(), ["log:1 1"]);
    rig.append("log", "2");
    fs::remove_file(rig.path("log")).unwrap();
    assert_eq!([rig.round(), rig.round_where(but("2"))].concat(), ["log:2 2"]);
    rig.again();
    assert_eq!([rig.round(), rig.round()].concat(), ["log:2 2"]);
    rig.round();
    assert_eq!((rig.follower.watched.len(), rig.problems.len()), (0, 0));
}

#[test]
fn what_cannot_be_read_again_is_given_up_with_its_file() {
    let mut rig = Rig::new("log*");
    rig.write("log.gz", zip("1\n2\n"));
    assert_eq!(rig.round_where(but("2")).len(), 2);
    fs::remove_file(rig.path("log.gz")).unwrap();
    rig.again();
    for _ in 0..7 {
        assert_eq!(rig.round(), NOTHING);
    }
    assert_eq!(rig.follower.watched.len(), 0);
    assert!(rig.problems.iter().any(|it| it.contains("from line 2 on")), "{:?}", rig.problems);
    // Another of its name is read from its start.
    rig.write("log.gz", zip("3\n"));
    assert_eq!(rig.round(), ["log.gz:1 3"]);
}
