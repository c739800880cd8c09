//! The rest of a record of several events, whose lanes may have been given up before it is taken in.

use std::collections::BTreeSet;

use courier_sink::plan::Lane;

use super::{Replay, State};

/// What the rest of the record that is being taken in is behind.
#[derive(Debug, Default)]
pub(super) struct LeftBehind {
    /// Whether some of the record were taken in, and not all
    is_open: bool,
    lanes: BTreeSet<Lane>,
    /// Events that are Errored, and of which nothing is under way
    pub(super) gone: BTreeSet<usize>,
}

impl Replay<'_> {
    /// Notes who has gone back to the source since the last time.
    pub(super) fn note_those_gone(&mut self) {
        let is_over = |event: &usize| {
            let state = |step| self.progress.get(&(*event, step)).map(|it| it.state);
            let mut states = (0..self.steps(*event).len()).map(state);
            states.all(|state| matches!(state, Some(State::Done | State::Over)))
        };
        let lost = self.lost.difference(&self.left_behind.gone).copied();
        for event in lost.filter(is_over).collect::<Vec<_>>() {
            self.left_behind.gone.insert(event);
            if self.left_behind.is_open {
                let lanes = self.lanes(event);
                self.left_behind.lanes.extend(lanes);
            }
        }
    }

    /// An event that was taken in is Errored at once if it is behind what went back while its record was taken in.
    pub(super) fn leave_behind(&mut self, event: usize) {
        let record = self.played.record(event);
        self.left_behind.is_open = event + 1 < record.end;
        if event == record.start {
            self.left_behind.lanes.clear();
        }
        let lanes = self.lanes(event);
        if lanes.is_disjoint(&self.left_behind.lanes) {
            return;
        }
        self.left_behind.lanes.extend(lanes);
        self.left_behind.gone.insert(event);
        self.lost.insert(event);
        self.close(event, self.times.last());
    }

    fn lanes(&self, event: usize) -> BTreeSet<Lane> {
        let lanes = self.steps(event).iter().map(|step| step.lane.clone());
        lanes.filter(|lane| *lane != Lane::None).collect()
    }
}
