//! What of a record is done for good is told, so that its source can have it left out when it sends the record again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use courier_sink::courier::{Class, Generation};
use courier_sink::finalization::EventStatus::{Delivered, Errored};
use courier_sink::finalization::{Acknowledge, Advance, Done, EventFinalizer, EventStatus};
use courier_sink::plan::{Direct, Mode, TenantRule};
use courier_sink::sink::{Context, CourierSink, Payload, Record, Settings, Transport};
use courier_sink::telemetry::Tally;
use futures::stream;

use crate::events::{group, identify, skipped};
use crate::support::{Letters, Notes, context, no_retries, ok, server, sink, unavailable};

/// A source that sends a record again until it has ended for good.
#[derive(Clone, Default)]
struct Source(Arc<Mutex<(Done, Vec<EventStatus>)>>);

impl Acknowledge for Source {
    fn acknowledge(self: Box<Self>, status: EventStatus) {
        self.0.lock().unwrap().1.push(status);
    }

    fn advance(&mut self, advance: &Advance<'_>) {
        self.0.lock().unwrap().0.note(advance);
    }
}

impl Source {
    fn done(&self) -> Done {
        self.0.lock().unwrap().0.clone()
    }

    /// Sends `text` once more; gives how it ended each time.
    async fn send(
        &self,
        text: &str,
        settings: Settings,
        transport: impl Transport,
    ) -> Vec<EventStatus> {
        let record = Record::new(text.to_owned(), 1).with_done(self.done());
        let record = record.with_finalizer(EventFinalizer::new(self.clone()));
        sink(settings, transport).run_on(stream::iter([record])).await;
        self.0.lock().unwrap().1.clone()
    }

    async fn send_twice(&self, text: &str, transport: impl Transport) -> Vec<EventStatus> {
        self.send(text, no_retries(), transport.clone()).await;
        self.send(text, no_retries(), transport).await
    }
}

/// A server that is not available for the first request of a class, and notes with which generations of keys it was asked.
fn once_unavailable(class: Class) -> (impl Transport, Notes, Arc<Mutex<Vec<Generation>>>) {
    let generations = Arc::<Mutex<Vec<_>>>::default();
    let asked = Arc::clone(&generations);
    let (server, notes) = server(move |call| {
        let is_meant = call.request.class() == class;
        let mut generations = asked.lock().unwrap();
        let is_first = is_meant && generations.is_empty();
        if is_meant {
            generations.push(call.generation);
        }
        (Duration::ZERO, if is_first { unavailable() } else { ok() })
    });
    (server, notes, generations)
}

fn paths(notes: &Notes) -> Vec<String> {
    notes.read(|seen| seen.asked.iter().map(|(_, _, path)| path.clone()).collect())
}

#[tokio::test(start_paused = true)]
async fn events_of_a_record_that_ended_for_good_are_not_sent_again_with_those_that_did_not() {
    let source = Source::default();
    let (server, notes, generations) = once_unavailable(Class::Profiles);
    let text = format!("[{},{},{},1]", identify("a"), identify("b"), skipped());
    assert_eq!(source.send_twice(&text, server).await, [Errored, Delivered]);
    let [first, second, again] = <[String; 3]>::try_from(paths(&notes)).unwrap();
    assert_eq!((first == again, first == second), (true, false));
    // Courier would repeat the answer it gave to the first key.
    assert_eq!(*generations.lock().unwrap(), [0, 0, 1].map(Generation));
    assert!((0..4).all(|event| source.done().part(event).is_whole()));
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_was_written_is_not_written_again_with_a_membership_that_failed() {
    let source = Source::default();
    let (server, notes, _) = once_unavailable(Class::Memberships);
    assert_eq!(source.send_twice(&group("u", "g"), server).await, [Errored, Delivered]);
    let writes = ["PUT /tenants/g", "PUT /users/u/tenants/g", "PUT /users/u/tenants/g"];
    let asked = paths(&notes).into_iter().filter(|path| path.starts_with("PUT"));
    assert_eq!(asked.collect::<Vec<_>>(), writes);
}

#[tokio::test(start_paused = true)]
async fn what_was_done_under_other_rules_is_not_taken_for_a_step_of_these() {
    let source = Source::default();
    let (server, notes, _) = once_unavailable(Class::Memberships);
    source.send(&group("u", "g"), no_retries(), server.clone()).await;
    // Now the membership is the first step, as the tenant's write was.
    let mut settings = no_retries();
    let direct = Direct { tenant_write: TenantRule::Skip, ..Direct::default() };
    settings.rules.mode = Mode::Direct(Box::new(direct));
    assert_eq!(source.send(&group("u", "g"), settings, server).await, [Errored, Delivered]);
    assert_eq!(paths(&notes).last().map(String::as_str), Some("PUT /users/u/tenants/g"));
    assert_eq!(paths(&notes).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_went_back_and_comes_again_is_counted_so_readable_or_not() {
    let tally = Arc::new(Tally::default());
    let context = Context { tally: Arc::clone(&tally), ..context(&Letters::default()) };
    let (server, _) = server(|_| (Duration::ZERO, ok()));
    let mut done = Done::default();
    done.note(&Advance::Back(0));
    let unreadable = Payload::Unreadable { bytes: "x".into(), problem: "it is long".to_owned() };
    let records = [
        Record::new(identify("a"), 1),
        Record::new(identify("b"), 2).with_done(done.clone()),
        Record { payload: unreadable, ..Record::new("", 3).with_done(done) },
    ];
    CourierSink::new(no_retries(), server, context).run_on(stream::iter(records)).await;
    let totals = tally.totals();
    assert_eq!((totals.events["identify"], totals.unreadable, totals.again), (2, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn what_is_done_is_known_also_where_the_sink_is_dropped_before_the_rest() {
    let source = Source::default();
    let (server, _) = server(|call| {
        let is_membership = call.request.class() == Class::Memberships;
        (if is_membership { Duration::MAX / 4 } else { Duration::ZERO }, ok())
    });
    let record = Record::new(group("u", "g"), 1);
    let record = record.with_finalizer(EventFinalizer::new(source.clone()));
    let running = Box::pin(sink(no_retries(), server).run_on(stream::iter([record])));
    assert!(tokio::time::timeout(Duration::from_secs(5), running).await.is_err());
    assert_eq!(source.0.lock().unwrap().1, [Errored]);
    let plans: Vec<_> = source.done().parts().map(|(_, plan)| plan.clone()).collect();
    assert!(plans.len() == 1 && plans[0].part(0).is_whole() && plans[0].part(1).is_nothing());
}

#[tokio::test(start_paused = true)]
async fn a_record_of_which_nothing_is_left_under_way_is_errored_all_the_same_if_the_rest_was_not_taken_in()
 {
    let source = Source::default();
    // So many that the sink gives others a turn before it has seen them all, and each is skipped at once.
    let events = vec![skipped(); 10_000].join(",");
    let record = Record::new(format!("[{events}]"), 1);
    let record = record.with_finalizer(EventFinalizer::new(source.clone()));
    let (server, _) = server(|_| (Duration::ZERO, ok()));
    let mut running = Box::pin(sink(no_retries(), server).run_on(stream::iter([record])));
    assert!(futures::poll!(&mut running).is_pending());
    drop(running);
    assert_eq!(source.0.lock().unwrap().1, [Errored]);
    assert!(source.done().part(0).is_whole() && source.done().part(9_999).is_nothing());
}
