//! How much is inside, against how much may be, and how much of that is one lane's.
//!
//! A lane owns at most a tenth of the window. What it holds beyond that is counted in a second account of the same
//! size, the overflow, so that it takes no room from others. A stream cannot wait for one user only: once the overflow
//! is full as well, everybody does.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use super::Buffer;
use super::arrivals::Arrivals;
use crate::plan::{Lane, Step};

/// What part of the window one lane may own.
const LANES_SHARE: usize = 10;

/// The window: counts what is inside. Security: this is what bounds the sink's memory, whatever Courier does: twice
/// [`Buffer`], and one record more. Other settings may leave more inside, where limits became smaller or plans larger;
/// nothing comes in then until enough of it has ended.
#[derive(Debug)]
pub(super) struct Window {
    limits: Size,
    share: Size,
    /// What no lane holds, and what lanes hold up to their share.
    own: Size,
    overflow: Size,
    /// Lanes that have something inside, and how much.
    lanes: HashMap<Lane, Size>,
    arrivals: Arrivals,
}

/// The room that one event takes, to be given back at its end.
#[derive(Debug)]
#[must_use]
pub(super) struct Room {
    lane: Lane,
    bytes: usize,
    arrival: usize,
}

impl Room {
    /// How many bytes it is.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    events: usize,
    bytes: usize,
}

impl Window {
    pub(super) fn new(limits: Buffer) -> Self {
        let limits = Size { events: limits.max_events.get(), bytes: limits.max_size.get() };
        let part = |whole: usize| (whole / LANES_SHARE).max(1);
        Self {
            limits,
            share: Size { events: part(limits.events), bytes: part(limits.bytes) },
            own: Size::default(),
            overflow: Size::default(),
            lanes: HashMap::new(),
            arrivals: Arrivals::default(),
        }
    }

    /// Has other limits from now on; what is inside stays.
    pub(super) fn resize(&mut self, limits: Buffer) {
        let before = std::mem::replace(self, Self::new(limits));
        let shares = before.lanes.values().map(|held| held.least(before.share));
        // What no lane holds is in neither account of a lane.
        self.own = before.own.minus(shares.fold(Size::default(), Size::plus));
        for held in before.lanes.values() {
            self.count(Size::default(), *held);
        }
        (self.lanes, self.arrivals) = (before.lanes, before.arrivals);
    }

    /// An event that came in before counts for another lane, or for more or less.
    pub(super) fn exchange(&mut self, room: &mut Room, lane: Lane, bytes: usize) {
        let before = std::mem::replace(room, Room { lane, bytes, arrival: room.arrival });
        self.give_back(before.lane, before.bytes);
        self.take(&room.lane, room.bytes);
    }

    /// Whether another record may come in.
    pub(super) const fn has_room(&self) -> bool {
        self.own.is_below(self.limits) && self.overflow.is_below(self.limits)
    }

    /// Whether nothing is inside.
    pub(super) fn is_empty(&self) -> bool {
        self.arrivals.len() == 0
    }

    /// The events inside, and the bytes they take.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.arrivals.len(), self.own.plus(self.overflow).bytes)
    }

    /// When the oldest event inside came in.
    pub(super) fn oldest(&self) -> Option<Duration> {
        self.arrivals.oldest()
    }

    /// Takes room for an event of `lane` that comes in at `now`.
    pub(super) fn enter(&mut self, lane: Lane, bytes: usize, now: Duration) -> Room {
        self.take(&lane, bytes);
        Room { lane, bytes, arrival: self.arrivals.enter(now) }
    }

    fn take(&mut self, lane: &Lane, bytes: usize) {
        let added = Size { events: 1, bytes };
        if *lane == Lane::None {
            self.own = self.own.plus(added);
        } else {
            let held = self.lanes.entry(lane.clone()).or_default();
            let before = std::mem::replace(held, held.plus(added));
            let after = *held;
            self.count(before, after);
        }
    }

    /// Gives room back; gives when the event came in.
    pub(super) fn leave(&mut self, Room { lane, bytes, arrival }: Room) -> Duration {
        self.give_back(lane, bytes);
        self.arrivals.leave(arrival)
    }

    fn give_back(&mut self, lane: Lane, bytes: usize) {
        let taken = Size { events: 1, bytes };
        if lane == Lane::None {
            self.own = self.own.minus(taken);
        } else if let Entry::Occupied(mut held) = self.lanes.entry(lane) {
            let before = *held.get();
            let after = before.minus(taken);
            if after.events == 0 {
                held.remove();
            } else {
                held.insert(after);
            }
            self.count(before, after);
        }
    }

    /// What a lane holds has become `after`.
    fn count(&mut self, before: Size, after: Size) {
        let (own_before, own_after) = (before.least(self.share), after.least(self.share));
        self.own = self.own.plus(own_after).minus(own_before);
        self.overflow = self.overflow.plus(after.minus(own_after)).minus(before.minus(own_before));
    }
}

impl Size {
    const fn is_below(self, limit: Self) -> bool {
        self.events < limit.events && self.bytes < limit.bytes
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            events: self.events.saturating_add(other.events),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    const fn minus(self, other: Self) -> Self {
        Self {
            events: self.events.saturating_sub(other.events),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }

    fn least(self, other: Self) -> Self {
        Self { events: self.events.min(other.events), bytes: self.bytes.min(other.bytes) }
    }
}

/// The lane that an event of these steps counts for: its user's, else its tenant's.
pub(super) fn lane_of(steps: &[Step]) -> Lane {
    let mut tenant = Lane::None;
    for Step { lane, .. } in steps {
        match lane {
            Lane::User(_) => return lane.clone(),
            Lane::Tenant(_) => tenant = lane.clone(),
            Lane::None => {}
        }
    }
    tenant
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use proptest::prelude::*;

    use super::*;
    use crate::courier::{Action, Body, KeySeed, Request};

    fn window(max_events: usize, max_size: usize) -> Window {
        let number = |it| NonZeroUsize::new(it).unwrap();
        Window::new(Buffer { max_events: number(max_events), max_size: number(max_size) })
    }

    fn user(id: u8) -> Lane {
        Lane::User(id.to_string().into())
    }

    /// How many events of `lanes` in turn find room.
    fn fits(window: &mut Window, mut lane: impl FnMut(u8) -> Lane, bytes: usize) -> usize {
        let rooms = (0..=u8::MAX).take_while(|at| {
            let has_room = window.has_room();
            if has_room {
                let _ = window.enter(lane(*at), bytes, Duration::ZERO);
            }
            has_room
        });
        rooms.count()
    }

    #[test]
    fn one_lane_fills_its_share_and_the_overflow_and_others_the_window() {
        assert_eq!(fits(&mut window(100, 1 << 20), user, 1), 100);
        assert_eq!(fits(&mut window(100, 1 << 20), |_| Lane::None, 1), 100);
        assert_eq!(fits(&mut window(100, 1 << 20), |_| user(0), 1), 110);
        let mut shared = window(100, 1 << 20);
        let one = |at| if at < 60 { user(0) } else { user(at) };
        assert_eq!(fits(&mut shared, one, 1), 150, "sixty of one lane cost the others ten");
        let bytes = |size| fits(&mut window(1000, 1000), |_| user(0), size);
        assert_eq!((bytes(50), bytes(2000)), (22, 1));
    }

    #[test]
    fn an_event_counts_for_its_user_else_its_tenant() {
        let step = |lane| {
            let seed = KeySeed { sink: "s".into(), message_id: "m".into(), step: 0 };
            let action = Action::Request(Request::InvokeAdHoc { body: Body::empty_object() });
            Step { lane, after: None, action, seed }
        };
        let tenant = || Lane::Tenant("t".into());
        assert_eq!(lane_of(&[step(tenant()), step(user(1))]), user(1));
        assert_eq!(lane_of(&[step(tenant()), step(Lane::None)]), tenant());
        assert_eq!(lane_of(&[step(Lane::None)]), Lane::None);
    }

    proptest! {
        #[test]
        fn the_accounts_are_what_the_lanes_hold(
            steps in prop::collection::vec((0..4u8, 0..60usize, any::<bool>()), 1..200)
        ) {
            let mut window = window(20, 200);
            let (mut rooms, mut leaves) = (Vec::new(), 0);
            for (lane, bytes, enters) in steps {
                if enters || rooms.is_empty() {
                    let lane = if lane == 0 { Lane::None } else { user(lane) };
                    rooms.push(window.enter(lane, bytes, Duration::ZERO));
                } else {
                    leaves += bytes;
                    window.leave(rooms.swap_remove(leaves % rooms.len()));
                }
                let size = |it| NonZeroUsize::new(it).unwrap();
                let (events, size_limit) = if bytes % 2 == 0 { (20, 200) } else { (70, 30) };
                window.resize(Buffer { max_events: size(events), max_size: size(size_limit) });
                let mut lanes = HashMap::<Lane, Size>::new();
                for Room { lane, bytes, .. } in &rooms {
                    let held = lanes.entry(lane.clone()).or_default();
                    *held = held.plus(Size { events: 1, bytes: *bytes });
                }
                let (mut own, mut more) = (Size::default(), Size::default());
                for (lane, held) in &lanes {
                    let share = if *lane == Lane::None { *held } else { held.least(window.share) };
                    (own, more) = (own.plus(share), more.plus(held.minus(share)));
                }
                prop_assert_eq!((window.own, window.overflow), (own, more));
                lanes.remove(&Lane::None);
                prop_assert_eq!(&window.lanes, &lanes, "an idle lane costs nothing");
            }
        }
    }
}
