//! When work that becomes too old ends: between attempts, wherever it waits, and never within one.

use tower::ServiceExt;

use super::*;
use crate::courier::{Action, Class, Request, TenantId, TenantUpdate, TenantWrite};
use crate::delivery::testing::{
    Requests, Server, accepted, found, request, seconds, seed, serve, server, settings, shared,
    silence, throttled, unauthorized, unavailable,
};
use crate::delivery::{Call, Outcome, Stack, stack};
use crate::json::Json;

type Answer = Result<Receipt, Failure>;

fn work(action: Action, expires_after: u64) -> Work {
    let generation = Generation::default();
    let expiry = Expiry::new(Instant::now() + seconds(expires_after), generation);
    Work {
        action,
        seed: seed(),
        generation,
        key_expires: None,
        expiry: Some(Arc::new(expiry)),
        trail: None,
    }
}

fn run(expires_after: u64) -> Work {
    work(Action::Request(request(Class::Automations)), expires_after)
}

fn courier(class: Class) -> (Stack<Server>, Requests) {
    let (courier, asked) = server();
    (stack(class, &shared(settings()), courier), asked)
}

/// A run that expires after a minute, answered in turn: its end, when that was, and the attempts with their seconds.
async fn deliver(answers: Vec<Answer>) -> (Answer, u64, Vec<(u64, Call)>) {
    let (stack, mut asked) = courier(Class::Automations);
    let start = Instant::now();
    let delivery = async { (stack.oneshot(run(60)).await, start.elapsed().as_secs()) };
    let ((end, at), served) = tokio::join!(delivery, serve(&mut asked, answers));
    assert!(asked.next_request().await.is_none());
    (end, at, served)
}

fn expired(generation: u32, last: Option<Failure>) -> Failure {
    let last = last.map(|failure| failure.to_string()).unwrap_or_default();
    let failure = Failure::without_answer(FailureKind::Expired, last);
    Failure { generation: Generation(generation), ..failure }
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_would_come_too_late_is_waited_for_until_the_deadline() {
    // Attempts at 0, 1, 3, 7, 15 and 31 s; the next would be at 61 s.
    let (end, at, served) = deliver(vec![Err(silence()); 6]).await;
    assert_eq!((end, at), (Err(expired(0, Some(silence()))), 60));
    assert_eq!(served.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_it_ends_with_says_which_key_is_due() {
    let (end, _, _) = deliver(vec![Err(unavailable()); 6]).await;
    assert_eq!(end, Err(expired(6, Some(unavailable()))));
}

#[tokio::test(start_paused = true)]
async fn a_long_pause_ends_it_at_its_deadline() {
    let (end, at, _) = deliver(vec![Err(throttled(Some(3600)))]).await;
    assert_eq!((end, at), (Err(expired(1, Some(throttled(Some(3600))))), 60));
}

#[tokio::test(start_paused = true)]
async fn a_hold_ends_it_at_its_deadline() {
    // A probe every ten seconds, the last one before it is too late at 50 s.
    let (end, at, served) = deliver(vec![Err(unauthorized()); 6]).await;
    assert_eq!((end, at), (Err(expired(6, Some(unauthorized()))), 60));
    assert_eq!(served.last().map(|(at, _)| *at), Some(50));
}

#[tokio::test(start_paused = true)]
async fn what_courier_answers_in_the_end_counts() {
    let refused = Failure::without_answer(FailureKind::Refused, "no");
    for answer in [Ok(accepted()), Err(refused)] {
        let (end, at, _) = deliver(vec![Err(silence()), answer.clone()]).await;
        assert_eq!((end, at), (answer, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_under_way_is_not_cut_short() {
    let (stack, mut asked) = courier(Class::Automations);
    let slowly = async {
        let (_, respond) = asked.next_request().await.unwrap();
        tokio::time::sleep(seconds(10)).await;
        respond.send_response(accepted());
    };
    let (end, ()) = tokio::join!(stack.oneshot(run(5)), slowly);
    assert_eq!(end, Ok(accepted()));
}

#[tokio::test(start_paused = true)]
async fn a_conflict_in_doubt_that_cannot_be_asked_about_is_not_taken_for_delivered() {
    let (stack, mut asked) = courier(Class::Inbound);
    let late = async {
        let (_, respond) = asked.next_request().await.unwrap();
        respond.send_error(silence());
        let (_, respond) = asked.next_request().await.unwrap();
        tokio::time::sleep(seconds(10)).await;
        respond.send_response(found(Outcome::Duplicate, ""));
    };
    let work = work(Action::Request(request(Class::Inbound)), 5);
    let (end, ()) = tokio::join!(stack.oneshot(work), late);
    assert_eq!(end, Err(expired(1, None)));
}

fn update() -> Action {
    let tenant = TenantId::new("t").unwrap();
    let update = TenantUpdate {
        write: TenantWrite::Merge,
        name: None,
        fallback_name: "fallback".to_owned(),
        properties: Json::parse(&"{}".to_owned().into()).unwrap(),
    };
    Action::UpdateTenant { tenant, update }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_was_read_is_not_written_too_late() {
    let (stack, mut asked) = courier(Class::Tenants);
    let slowly = async {
        let (call, respond) = asked.next_request().await.unwrap();
        assert!(matches!(*call.request, Request::GetTenant { .. }));
        tokio::time::sleep(seconds(10)).await;
        respond.send_response(found(Outcome::Absent, ""));
    };
    let (end, ()) = tokio::join!(stack.oneshot(work(update(), 5)), slowly);
    assert_eq!(end, Err(expired(0, None)));
    assert!(asked.next_request().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_write_that_waits_for_its_pace_ends_at_its_deadline() {
    let mut settings = settings();
    settings.rate = Some(crate::delivery::testing::rate(1));
    let (courier, mut asked) = server();
    let stack = stack(Class::Tenants, &shared(settings), courier);
    let start = Instant::now();
    let delivery = async { (stack.oneshot(work(update(), 5)).await, start.elapsed()) };
    let answers = [Ok(found(Outcome::Absent, ""))];
    let ((end, at), _) = tokio::join!(delivery, serve(&mut asked, answers));
    assert_eq!((end, at), (Err(expired(0, None)), seconds(5)));
}
