//! A finalizer that does more as its event ends.

use super::{Acknowledge, Advance, EventFinalizer, EventStatus};

impl EventFinalizer {
    /// The same finalizer, ended by `end`, which is given it with the status. What is said before the end is passed on.
    pub(crate) fn ending_by(self, end: impl FnOnce(Self, EventStatus) + Send + 'static) -> Self {
        Self::new(EndingBy { finalizer: self, end })
    }
}

struct EndingBy<F> {
    finalizer: EventFinalizer,
    end: F,
}

impl<F: FnOnce(EventFinalizer, EventStatus) + Send> Acknowledge for EndingBy<F> {
    fn acknowledge(self: Box<Self>, status: EventStatus) {
        let Self { finalizer, end } = *self;
        end(finalizer, status);
    }

    fn foretell_errored(&mut self) {
        self.finalizer.foretell_errored();
    }

    fn advance(&mut self, advance: &Advance<'_>) {
        self.finalizer.advance(advance);
    }

    fn is_recalled(&self) -> bool {
        self.finalizer.is_recalled()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Notes all it is told, and is recalled.
    struct Noting(Arc<Mutex<Vec<String>>>);

    impl Acknowledge for Noting {
        fn acknowledge(self: Box<Self>, status: EventStatus) {
            self.0.lock().unwrap().push(format!("{status:?}"));
        }

        fn foretell_errored(&mut self) {
            self.0.lock().unwrap().push("foretold".to_owned());
        }

        fn advance(&mut self, advance: &Advance<'_>) {
            self.0.lock().unwrap().push(format!("{advance:?}"));
        }

        fn is_recalled(&self) -> bool {
            true
        }
    }

    #[test]
    fn what_is_said_before_the_end_is_passed_on_and_so_is_a_drop() {
        let told = Arc::<Mutex<Vec<_>>>::default();
        let also = Arc::clone(&told);
        let finalizer = EventFinalizer::new(Noting(Arc::clone(&told)));
        let mut finalizer = finalizer.ending_by(move |finalizer, status| {
            also.lock().unwrap().push("more".to_owned());
            finalizer.finalize(status);
        });
        assert!(finalizer.is_recalled());
        finalizer.foretell_errored();
        finalizer.advance(&Advance::Back(1));
        drop(finalizer);
        assert_eq!(*told.lock().unwrap(), ["foretold", "Back(1)", "more", "Errored"]);
    }
}
