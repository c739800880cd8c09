//! Files that are cut off, have flipped bits, or are something else.

use courier_sink::runner::buffer::{file_in, list, refuse_left_behind};

use crate::support::Buffer;

#[tokio::test]
async fn a_flipped_bit_anywhere_costs_at_most_one_record() {
    let buffer = Buffer::new();
    // Blocks of one commit each, some of them delivered: holes, free pages and old copies.
    for start in [0, 100, 200] {
        buffer.store(start..start + 100).await;
    }
    let mut run = buffer.run();
    for record in run.take(50).await {
        record.finalizer.finalize(courier_sink::finalization::EventStatus::Delivered);
    }
    run.leave().await;
    let whole = std::fs::read(buffer.file()).unwrap();
    let expected: Vec<_> = (50..300).collect();
    let mut chance = fastrand::Rng::with_seed(11);
    // The store's header, then anywhere.
    let header = (0..320).step_by(5).map(|at| (at, 1 << (at % 8)));
    let anywhere =
        (0..100).map(|_| (chance.usize(..whole.len()), 1_u8 << chance.u8(..8))).collect::<Vec<_>>();
    let mut salvaged = 0;
    for (at, bit) in header.chain(anywhere) {
        let mut damaged = whole.clone();
        damaged[at] ^= bit;
        std::fs::write(buffer.file(), damaged).unwrap();
        let (numbers, report) = buffer.drain().await;
        let missing = expected.iter().filter(|it| !numbers.contains(it)).count();
        assert!(missing <= 1, "byte {at}, bit {bit}: {missing} are missing, {report:?}");
        let told = (usize::try_from(report.lost).unwrap(), report.has_lost_uncounted);
        assert_eq!(told, (missing, false), "byte {at}, bit {bit}");
        assert!(numbers.is_sorted(), "byte {at}, bit {bit}: {numbers:?}");
        salvaged += buffer.set_aside();
        for name in crate::support::names(buffer.folder.path()) {
            if name.contains("corrupt") {
                std::fs::remove_file(buffer.folder.path().join(name)).unwrap();
            }
        }
    }
    assert!(salvaged > 20, "{salvaged}");
}

#[tokio::test]
async fn of_a_file_that_is_cut_off_everything_that_is_there_is_kept() {
    let buffer = Buffer::new();
    buffer.store(0..200).await;
    let whole = std::fs::read(buffer.file()).unwrap();
    for length in [whole.len() - 1, whole.len() / 2, whole.len() / 8, 4096, 100, 1, 0] {
        std::fs::write(buffer.file(), &whole[..length]).unwrap();
        let there = list(&buffer.file()).unwrap();
        let (numbers, report) = buffer.drain().await;
        assert!(numbers.is_sorted());
        let kept = u64::try_from(numbers.len()).unwrap();
        assert_eq!(kept, there.left - there.damaged, "{length}");
        assert_eq!(report.lost, there.damaged, "{length}");
        // An older ledger knows less than there was, and without any nobody knows.
        assert!(kept + report.lost <= 200 && report.is_salvaged, "{length}: {report:?}");
        match length {
            0..=100 => assert!(report.has_lost_uncounted, "{length}: {report:?}"),
            _ if length == whole.len() - 1 => assert_eq!((kept, report.lost), (200, 0)),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_file_that_is_something_else_is_set_aside() {
    let buffer = Buffer::new();
    buffer.store(0..3).await;
    std::fs::write(buffer.file(), "something else").unwrap();
    let (numbers, report) = buffer.drain().await;
    assert!(numbers.is_empty() && report.has_lost_uncounted, "{report:?}");
    assert_eq!(buffer.set_aside(), 1);
    buffer.store(0..3).await;
    assert_eq!(buffer.drain().await.0, [0, 1, 2]);
}

#[tokio::test]
async fn what_a_salvage_kept_is_known_though_it_was_killed_between_its_renames() {
    let buffer = Buffer::new();
    buffer.store(0..3).await;
    let folder = buffer.folder.path();
    std::fs::rename(buffer.file(), folder.join("buffer.salvaged")).unwrap();
    assert_eq!(list(&file_in(folder)).unwrap().left, 3);
    let error = refuse_left_behind(folder).unwrap_err().to_string();
    assert!(error.contains("buffer.salvaged"), "{error}");
    assert_eq!(buffer.drain().await.0, [0, 1, 2]);
    refuse_left_behind(folder).unwrap();
}
