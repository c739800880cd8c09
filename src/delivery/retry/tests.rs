//! How often, when and under which key an attempt is repeated.

use tower::retry::{Retry, RetryLayer};
use tower::{Layer, Service, ServiceExt};

use super::*;
use crate::courier::{Class, Generation};
use crate::delivery::testing::{
    Server, accepted, answered, call, of_generation, seconds, serve, server, settings, shared,
    silence, throttled, unauthorized, unavailable,
};
use crate::delivery::{Outcome, RetryStrategy, Settings};

type Answer = Result<Receipt, Failure>;

fn retrying(settings: Settings, server: Server) -> Retry<RetryPolicy, Server> {
    RetryLayer::new(RetryPolicy::new(shared(settings))).layer(server)
}

fn attempts(attempts: usize) -> Settings {
    let mut settings = settings();
    settings.retry.attempts = attempts;
    settings
}

/// One delivery, answered in turn; its end, and the attempts with their seconds. All answers must be asked for, and
/// no more.
async fn deliver(
    settings: Settings,
    class: Class,
    answers: Vec<Answer>,
) -> (Answer, Vec<(u64, Call)>) {
    let (courier, mut asked) = server();
    let delivery = retrying(settings, courier).oneshot(call(class));
    let (end, served) = tokio::join!(delivery, serve(&mut asked, answers));
    assert!(asked.next_request().await.is_none());
    (end, served)
}

fn at(served: &[(u64, Call)]) -> Vec<u64> {
    served.iter().map(|(at, _)| *at).collect()
}

fn generations(served: &[(u64, Call)]) -> Vec<u32> {
    served.iter().map(|(_, call)| call.generation.0).collect()
}

#[tokio::test(start_paused = true)]
async fn attempts_that_are_used_up_end_with_the_last_failure() {
    let answers = vec![Err(silence()), Err(unavailable()), Err(silence())];
    let (end, served) = deliver(attempts(2), Class::Profiles, answers).await;
    assert_eq!((end, served.len()), (Err(of_generation(1, silence())), 3));
}

#[tokio::test(start_paused = true)]
async fn waits_double_and_a_later_delivery_starts_afresh() {
    let (courier, mut asked) = server();
    let mut service = retrying(settings(), courier);
    for _ in 0..2 {
        let answers = [silence(), unavailable(), silence()].map(Err);
        let answers = answers.into_iter().chain([Ok(accepted())]);
        let delivery = service.ready().await.unwrap().call(call(Class::Inbound));
        let (end, served) = tokio::join!(delivery, serve(&mut asked, answers));
        assert!(end.is_ok());
        assert_eq!(at(&served), [0, 1, 3, 7]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_names_a_wait_gets_it_up_to_the_cap() {
    let asks = |wait| Failure { retry_after: Some(seconds(wait)), ..unavailable() };
    let answers = vec![Err(asks(20)), Err(asks(0)), Err(asks(86_400)), Ok(accepted())];
    let (_, served) = deliver(settings(), Class::Tenants, answers).await;
    assert_eq!(at(&served), [0, 20, 22, 3622]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_repeated() {
    let refused = answered(FailureKind::Refused, 400, true);
    let unsendable = Failure::without_answer(FailureKind::Unsendable, "too large");
    for failure in [refused, unsendable] {
        let (end, _) = deliver(settings(), Class::Journeys, vec![Err(failure.clone())]).await;
        assert_eq!(end, Err(failure));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_repeated_with_another_key_where_the_strategy_says_so() {
    let refused = || answered(FailureKind::Refused, 404, true);
    let mut settings = attempts(1);
    settings.retry.strategy = RetryStrategy::Custom([404].into());
    let answers = vec![Err(refused()), Err(refused())];
    let (end, served) = deliver(settings, Class::Journeys, answers).await;
    assert_eq!((end, at(&served)), (Err(of_generation(1, refused())), vec![0, 1]));
    assert_eq!(generations(&served), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_repeated_a_wrong_key_holds_all_the_same() {
    let mut settings = settings();
    settings.retry.strategy = RetryStrategy::None;
    let answers = vec![Err(unauthorized()), Err(unauthorized()), Err(silence())];
    let (end, served) = deliver(settings, Class::Profiles, answers).await;
    assert_eq!((end.map_err(|it| it.kind), served.len()), (Err(FailureKind::Network), 3));
}

#[tokio::test(start_paused = true)]
async fn attempts_on_hold_are_not_counted() {
    let mut answers = vec![Err(unauthorized()); 20];
    answers.extend([Err(silence()), Err(unauthorized()), Err(unavailable())]);
    let (end, _) = deliver(attempts(1), Class::Profiles, answers).await;
    assert_eq!(end, Err(of_generation(20, unavailable())), "it tells how far the keys got");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_attempt_counts_and_leaves_the_wait_to_the_gate() {
    let answers = vec![Err(throttled(Some(60))), Err(throttled(None))];
    let (end, served) = deliver(attempts(1), Class::Profiles, answers).await;
    assert_eq!((end, at(&served)), (Err(of_generation(1, throttled(None))), vec![0, 0]));
}

#[tokio::test(start_paused = true)]
async fn the_key_stays_while_nobody_can_have_stored_an_answer() {
    let unstored = |status| Err(answered(FailureKind::Unavailable, status, false));
    let answers = vec![
        Err(silence()),
        unstored(409),
        unstored(409),
        unstored(408),
        unstored(502),
        Err(silence()),
        unstored(502),
        unstored(503),
        Ok(accepted()),
    ];
    let (_, served) = deliver(settings(), Class::Automations, answers).await;
    assert_eq!(generations(&served), [0; 9]);
    assert!(served.windows(2).all(|two| two[0].1.key() == two[1].1.key()));
    assert!(served[0].1.key().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_stored_answer_wants_another_key_at_once() {
    let answers = vec![Err(unavailable()), Err(unavailable()), Ok(accepted())];
    let (_, served) = deliver(settings(), Class::Journeys, answers).await;
    assert_eq!(generations(&served), [0, 1, 2]);
    assert_ne!(served[0].1.key(), served[1].1.key());
    assert_eq!(served[1].1.generation, Generation(1));
}

#[tokio::test(start_paused = true)]
async fn turned_away_at_the_door_a_call_that_may_have_run_keeps_its_key_until_that_may_be_a_replay()
{
    let answers = vec![
        Err(silence()),
        Err(throttled(None)),
        Err(unauthorized()),
        Err(throttled(Some(1))),
        Err(throttled(None)),
        Err(throttled(None)),
        Ok(accepted()),
    ];
    let (_, served) = deliver(settings(), Class::Automations, answers).await;
    assert_eq!(generations(&served), [0, 0, 0, 0, 0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_after_silence_is_asked_about_with_a_fresh_key() {
    let duplicate = || Ok(Receipt { outcome: Outcome::Duplicate, ..accepted() });
    let answers = vec![Err(silence()), duplicate(), duplicate()];
    let (end, served) = deliver(attempts(1), Class::Inbound, answers).await;
    assert_eq!((end, generations(&served)), (duplicate(), vec![0, 0, 1]));
    let (end, served) = deliver(attempts(1), Class::Inbound, vec![duplicate()]).await;
    assert_eq!((end, served.len()), (duplicate(), 1));
}

#[tokio::test(start_paused = true)]
async fn the_same_server_error_to_the_same_key_is_taken_for_a_replay() {
    let same = || Err(answered(FailureKind::Unavailable, 502, false));
    let answers = vec![same(), same(), same(), same(), Ok(accepted())];
    let (_, served) = deliver(settings(), Class::Inbound, answers).await;
    assert_eq!(generations(&served), [0, 0, 1, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_key_never_gets_one() {
    let answers = vec![Err(unavailable()), Err(silence()), Ok(accepted())];
    let (_, served) = deliver(settings(), Class::Profiles, answers).await;
    assert!(served.iter().all(|(_, call)| call.key().is_none()));
}
