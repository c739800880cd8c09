//! A class is asked to be quiet: for as long as the server says, or longer each time.

use std::time::Duration;

use super::State;
use crate::courier::Class;
use crate::delivery::backoff::wait;

/// The least that is taken for a wait when a server asks for one.
const LEAST_PAUSE: Duration = Duration::from_millis(1);

impl State {
    /// Gives how long the pause is, if it is a new one.
    pub(super) fn pause(
        &mut self,
        class: Class,
        number: u64,
        asked: Option<Duration>,
        now: Duration,
    ) -> Option<Duration> {
        let is_held = self.hold.is_some();
        let class = self.classes.get_mut(class.index())?;
        class.mark(is_held, now);
        let pause = &mut class.pause;
        // Attempts that were under way together are throttled together: that is one reason to slow down, not many.
        let is_first = number >= pause.since;
        // A wait of next to nothing, believed each time, would be a busy loop: it counts as none.
        let length = match asked.filter(|asked| *asked >= LEAST_PAUSE) {
            Some(asked) => asked.min(self.retry_after_max),
            None if is_first => wait(&self.retry, pause.streak, 1.0),
            None => return None,
        };
        pause.until = pause.until.max(now.saturating_add(length));
        if is_first {
            pause.streak = pause.streak.saturating_add(1);
            pause.since = self.admitted;
        }
        is_first.then_some(length)
    }
}
