//! What ends Errored of a file that is followed.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_went_back_of_a_followed_file_is_read_again_before_anything_newer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    std::fs::write(&path, "one\ntwo\nthree\nfour\nfive\n").unwrap();
    let state = folder.path().join("state/checkpoints.json");
    let checkpoints = Checkpoints::open(state, Start::Continue, Follow::Acknowledgements).unwrap();
    let Kind::Files { mut source, checkpoints } =
        files(folder.path().join("*.log").display().to_string(), &checkpoints)
    else {
        panic!("they are files")
    };
    source.follow = Some(FollowFiles {
        read_from: ReadFrom::Beginning,
        glob_cooldown: Duration::from_secs(1),
        rotate_wait: Duration::from_secs(5),
    });
    let mut records =
        open(Kind::Files { source, checkpoints }, 1 << 10, context()).unwrap().records;
    let mut given = Vec::new();
    while given.len() < 4 {
        given.push(records.next().await.unwrap());
    }
    let ends = [EventStatus::Delivered, EventStatus::Errored, EventStatus::Delivered];
    let fourth = given.pop().unwrap();
    for (record, status) in given.into_iter().zip(ends) {
        record.finalizer.finalize(status);
    }
    // Held open, it can be read though it has gone.
    std::fs::remove_file(path).unwrap();
    let wait = tokio::time::timeout(Duration::from_secs(600), records.next());
    assert!(wait.await.is_err(), "one is still under way");
    drop(fourth);
    let mut again = Vec::new();
    for _ in 0..3 {
        let record = records.next().await.unwrap();
        let Payload::Bytes(bytes) = record.payload else { panic!("it is short") };
        again.push((record.origin.line, String::from_utf8(bytes.to_vec()).unwrap()));
        record.finalizer.finalize(EventStatus::Delivered);
    }
    let expected = [(2, "two"), (4, "four"), (5, "five")];
    assert_eq!(again, expected.map(|(line, text)| (Some(line), text.to_owned())));
}
