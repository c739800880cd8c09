//! What is told of a write that failed.

use super::*;

#[test]
fn what_a_write_that_failed_left_behind_goes_with_the_next() {
    let mut state = State::new(Ledger::starting_at(5), 0, None);
    state.burn(3);
    assert_eq!((state.ledger.left(), state.removable.contains(&5)), (0, true));
    assert!(matches!(state.next(), Next::Wait));
}
