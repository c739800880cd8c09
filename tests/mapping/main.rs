//! Events in, requests out: every rule of planning, tried through the real transport against a server that remembers.
//!
//! One fixture is an event, the options that differ from the defaults, and all that must come of it; `fixtures/`
//! holds one file per theme. The properties beside them hold for events nobody thought of.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed step of a test's set-up is a failed test"
)]

mod arbitrary;
#[cfg(feature = "emulator")]
#[path = "../contract/mod.rs"]
mod contract;
mod fixture;
mod inline;
mod limits;
mod outcome;
mod properties;
mod rules;
mod server;

use fixture::Fixture;
use server::Server;

/// Plans and sends the events of one file, and compares everything that came of each.
async fn check(file: &str) {
    let server = Server::start().await;
    let fixtures = Fixture::read(file);
    assert!(!fixtures.is_empty());
    let mut wrong = Vec::new();
    for fixture in fixtures {
        let outcome = outcome::of(&fixture, &server).await;
        if outcome != fixture.expected {
            wrong.push(format!(
                "# {}\nexpected\n{}\nwas\n{outcome}",
                fixture.title, fixture.expected
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn an_identify_writes_a_profile() {
    check(include_str!("fixtures/identify.txt")).await;
}

#[tokio::test]
async fn traits_get_the_names_courier_knows() {
    check(include_str!("fixtures/traits_aliases.txt")).await;
}

#[tokio::test]
async fn traits_that_are_null_are_dropped_or_delete() {
    check(include_str!("fixtures/traits_null.txt")).await;
}

#[tokio::test]
async fn custom_traits_leave_only_known_members_on_top() {
    check(include_str!("fixtures/traits_custom.txt")).await;
}

#[tokio::test]
async fn traits_are_renamed_as_configured() {
    check(include_str!("fixtures/traits_rename.txt")).await;
}

#[tokio::test]
async fn the_context_fills_language_and_time_zone_when_asked_to() {
    check(include_str!("fixtures/context_attributes.txt")).await;
}

#[tokio::test]
async fn anonymous_users_are_skipped_unless_allowed() {
    check(include_str!("fixtures/anonymous.txt")).await;
}

#[tokio::test]
async fn a_track_event_runs_the_steps_it_brings() {
    check(include_str!("fixtures/track_inline_steps.txt")).await;
}

#[tokio::test]
async fn a_track_event_runs_the_template_it_names() {
    check(include_str!("fixtures/track_inline_template.txt")).await;
}

#[tokio::test]
async fn payloads_are_trusted_as_far_as_configured() {
    check(include_str!("fixtures/inline_trust.txt")).await;
}

#[tokio::test]
async fn untrusted_writers_start_nothing_whatever_is_configured() {
    check(include_str!("fixtures/untrusted.txt")).await;
}

#[tokio::test]
async fn mapping_blocks_start_what_they_name() {
    check(include_str!("fixtures/mapping.txt")).await;
}

#[tokio::test]
async fn unmapped_track_events_go_where_configured() {
    check(include_str!("fixtures/unmapped.txt")).await;
}

#[tokio::test]
async fn a_group_writes_a_tenant_and_a_membership() {
    check(include_str!("fixtures/group.txt")).await;
}

#[tokio::test]
async fn announced_types_are_posted_to_studio_as_well() {
    check(include_str!("fixtures/announce.txt")).await;
}

#[tokio::test]
async fn inbound_mode_sends_what_rudderstacks_own_destination_sends() {
    check(include_str!("fixtures/inbound.txt")).await;
}

#[tokio::test]
async fn integrations_are_obeyed_by_rudderstacks_rule() {
    check(include_str!("fixtures/integrations.txt")).await;
}

#[tokio::test]
async fn consent_is_obeyed_by_rudderstacks_rule() {
    check(include_str!("fixtures/consent.txt")).await;
}

#[tokio::test]
async fn ids_are_encoded_or_refused() {
    check(include_str!("fixtures/ids.txt")).await;
}

#[tokio::test]
async fn keys_and_made_message_ids_are_always_the_same() {
    check(include_str!("fixtures/keys.txt")).await;
}
