//! A tenant's update through the whole stack of its class: what is asked, in which order, and what never is.

use std::num::NonZeroUsize;

use super::*;
use crate::courier::Class;
use crate::delivery::testing::{
    accepted, found, of_generation, rate, request, seed, serve, server, settings, shared, silence,
    throttled, unavailable,
};
use crate::delivery::{Concurrency, Settings, stack};
use crate::json::Json;

type Answer = Result<Receipt, Failure>;

/// One update, answered in turn; its end, and what was asked in which second. All answers must be asked for, and no
/// more.
async fn update(
    write: TenantWrite,
    settings: Settings,
    answers: Vec<Answer>,
) -> (Answer, Vec<String>) {
    deliver(action(write), settings, answers).await
}

fn action(write: TenantWrite) -> Action {
    let update = TenantUpdate {
        write,
        name: None,
        fallback_name: "fallback".to_owned(),
        properties: Json::parse(&"{\"plan\":\"pro\"}".to_owned().into()).unwrap(),
    };
    Action::UpdateTenant { tenant: TenantId::new("t").unwrap(), update }
}

async fn deliver(
    action: Action,
    settings: Settings,
    answers: Vec<Answer>,
) -> (Answer, Vec<String>) {
    let (courier, mut asked) = server();
    let stack = stack(Class::Tenants, &shared(settings), courier);
    let work = Work {
        action,
        seed: seed(),
        generation: Generation::default(),
        key_expires: None,
        expiry: None,
        trail: None,
    };
    let (end, served) = tokio::join!(stack.oneshot(work), serve(&mut asked, answers));
    assert!(asked.next_request().await.is_none());
    let told = |(at, call): (u64, Call)| {
        let body = call.request.body().map(|body| body.to_bytes());
        let body = String::from_utf8(body.unwrap_or_default().into()).unwrap();
        format!("{at} {} {body}", call.request.method().as_str())
    };
    (end, served.into_iter().map(told).collect())
}

fn absent() -> Receipt {
    found(Outcome::Absent, "")
}

fn there() -> Receipt {
    found(Outcome::Accepted, "{\"id\":\"t\",\"name\":\"Old\",\"properties\":{\"seats\":3}}")
}

const CREATE: &str = "{\"name\":\"fallback\",\"properties\":{\"plan\":\"pro\"}}";
const MERGE: &str = "{\"name\":\"Old\",\"properties\":{\"seats\":3,\"plan\":\"pro\"}}";

#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_not_there_is_created() {
    for write in [TenantWrite::Merge, TenantWrite::CreateOnly] {
        let answers = vec![Ok(absent()), Ok(accepted())];
        let (end, asked) = update(write, settings(), answers).await;
        assert_eq!(end, Ok(accepted()));
        assert_eq!(asked, ["0 GET ".to_owned(), format!("0 PUT {CREATE}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_there_is_merged_or_left_alone() {
    let (_, asked) =
        update(TenantWrite::Merge, settings(), vec![Ok(there()), Ok(accepted())]).await;
    assert_eq!(asked, ["0 GET ".to_owned(), format!("0 PUT {MERGE}")]);
    let (end, asked) = update(TenantWrite::CreateOnly, settings(), vec![Ok(there())]).await;
    assert_eq!((end, asked), (Ok(there()), vec!["0 GET ".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_tenant_is_never_written() {
    for answer in ["", "<html>", "[]", "{\"id\":"] {
        let answer = Ok(found(Outcome::Accepted, answer));
        let (end, asked) = update(TenantWrite::Merge, settings(), vec![answer]).await;
        assert_eq!(end.unwrap_err().kind, FailureKind::Unsendable);
        assert_eq!(asked, ["0 GET "]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_is_never_followed_by_a_write() {
    let refused = || Failure { kind: FailureKind::Refused, ..unavailable() };
    let mut once = settings();
    once.retry.attempts = 1;
    let used_up = vec![Err(unavailable()), Err(silence())];
    let (end, asked) = update(TenantWrite::Merge, once, used_up).await;
    assert_eq!((end, asked.len()), (Err(of_generation(1, silence())), 2));
    let (end, asked) = update(TenantWrite::CreateOnly, settings(), vec![Err(refused())]).await;
    assert_eq!((end, asked.len()), (Err(refused()), 1));
}

#[tokio::test(start_paused = true)]
async fn read_and_write_are_each_repeated_and_counted_on_their_own() {
    let mut twice = settings();
    twice.retry.attempts = 2;
    let answers = vec![
        Err(silence()),
        Err(unavailable()),
        Ok(there()),
        Err(unavailable()),
        Err(silence()),
        Ok(accepted()),
    ];
    let (end, asked) = update(TenantWrite::Merge, twice, answers).await;
    let put = |at| format!("{at} PUT {MERGE}");
    let get = |at| format!("{at} GET ");
    assert_eq!(end, Ok(accepted()));
    assert_eq!(asked, [get(0), get(1), get(3), put(3), put(4), put(6)]);
}

#[tokio::test(start_paused = true)]
async fn read_and_write_each_pay_and_each_wait_out_a_pause() {
    let slow = Settings {
        rate: Some(rate(1)),
        concurrency: Concurrency::Fixed(NonZeroUsize::MIN),
        ..settings()
    };
    let answers = vec![Ok(there()), Err(throttled(Some(60))), Ok(accepted())];
    let (_, asked) = update(TenantWrite::Merge, slow, answers).await;
    let put = |at| format!("{at} PUT {MERGE}");
    assert_eq!(asked, ["0 GET ".to_owned(), put(10), put(70)]);
}

#[tokio::test(start_paused = true)]
async fn any_other_step_is_one_request() {
    let action = Action::Request(request(Class::Tenants));
    let (end, asked) = deliver(action, settings(), vec![Ok(accepted())]).await;
    assert_eq!((end, asked), (Ok(accepted()), vec!["0 PUT {}".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn what_was_admitted_is_begun_before_anybody_looks_at_it() {
    let (courier, mut asked) = server();
    asked.allow(1);
    let mut stack = stack(Class::Tenants, &shared(settings()), courier);
    let work = Work {
        action: action(TenantWrite::Merge),
        seed: seed(),
        generation: Generation::default(),
        key_expires: None,
        expiry: None,
        trail: None,
    };
    let _under_way = stack.ready().await.unwrap().call(work);
    let began = futures::FutureExt::now_or_never(asked.next_request());
    assert!(began.flatten().is_some());
}
