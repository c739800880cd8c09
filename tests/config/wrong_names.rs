//! Names of options and of values that there are not, or not here.

use crate::wrong;

#[test]
fn unknown_options_are_named_at_every_depth_with_the_nearest_known_one() {
    wrong(
        "request.timout_secs = 5\nbatch = { max-bytes = 1 }\n\
         acknowledgements = { enabeld = false }",
        &[
            "8:9: sinks.out.request.timout_secs: unknown option, did you mean `timeout_secs`?",
            "9:11: sinks.out.batch.max-bytes: unknown option, did you mean `max_bytes`?",
            "10:22: sinks.out.acknowledgements.enabeld: unknown option, did you mean `enabled`?",
        ],
    );
    wrong(
        "[sinks.out.tls]\nkey_pass = \"pk_secret\"",
        &["9:1: sinks.out.tls.key_pass: unknown option, known here: `ca_file`, `crt_file`, \
             `key_file`, `verify_certificate`, `verify_hostname`, `alpn_protocols`, `server_name`"],
    );
    wrong(
        "[[sinks.out.automations]]\non = \"track\"\njourney = \"a\"\nrecipeint = \"userId\"",
        &["11:1: sinks.out.automations[0].recipeint: unknown option, did you mean `recipient`?"],
    );
}

#[test]
fn modes_and_other_names_are_compared_with_what_there_is() {
    wrong(
        "mode = \"inbuond\"\ntraits = \"custom\"\ninbound_group = false",
        &["8:1: sinks.out.mode: expected `direct` or `inbound`, was the string \"inbuond\", \
             did you mean `inbound`?"],
    );
    wrong(
        "unmapped = \"drop\"\ntenant_write = 1\ninline = \"${SPEED}\"",
        &[
            "8:1: sinks.out.unmapped: expected `inbound_rudderstack`, `inbound_courier` or `skip`, \
             was the string \"drop\"",
            "9:1: sinks.out.tenant_write: expected `merge`, `replace`, `create_only` or `skip`, \
             was the integer 1",
            "10:1: sinks.out.inline: expected `allow`, `template` or `ignore`, \
             was the string \"${SPEED}\"",
        ],
    );
    wrong(
        "announce = [\"track\", \"page\", \"track\"]",
        &[
            "8:22: sinks.out.announce[1]: expected `identify`, `track` or `group`, \
             was the string \"page\"",
            "8:30: sinks.out.announce[2]: is there twice",
        ],
    );
}

#[test]
fn options_of_the_other_mode_are_refused() {
    wrong(
        "mode = \"inbound\"\ntraits = \"custom\"\nrename = { a = \"b\" }",
        &[
            "9:1: sinks.out.traits: does nothing with `mode = \"inbound\"`, \
             remove it or set `mode = \"direct\"`",
            "10:1: sinks.out.rename: does nothing with `mode = \"inbound\"`, \
             remove it or set `mode = \"direct\"`",
        ],
    );
    wrong(
        "inbound_group = true",
        &["8:1: sinks.out.inbound_group: does nothing with `mode = \"direct\"`, \
             remove it or set `mode = \"inbound\"`"],
    );
}

#[test]
fn what_is_no_concurrency_says_what_is() {
    wrong(
        "request.concurrency = true",
        &[
            "8:9: sinks.out.request.concurrency: expected `adaptive`, an integer between 1 and 65535, \
             or `none`, was the boolean true",
        ],
    );
}

#[test]
fn what_is_found_by_itself_is_not_given_as_well() {
    wrong(
        "request.concurrency = 5\nrequest.adaptive_concurrency.ewma_alpha = 0.5",
        &["9:9: sinks.out.request.adaptive_concurrency: does nothing with a fixed `concurrency`, \
             remove one of the two"],
    );
    wrong(
        "request.adaptive_concurrency = { decrease_ratio = 1.5, initial_concurrency = 300 }\n\
         request.adaptive_rate.floor_per_second = 1\nrequest.classes.profile.rate_limit_num = 1",
        &[
            "8:34: sinks.out.request.adaptive_concurrency.decrease_ratio: expected a number between 0 and 1, \
             was the float 1.5",
            "8:56: sinks.out.request.adaptive_concurrency.initial_concurrency: must be between 1 and 200, was 300",
            "9:9: sinks.out.request.adaptive_rate: does nothing by itself, set `rate_limit = \"adaptive\"` too",
            "10:17: sinks.out.request.classes.profile: unknown option, did you mean `profiles`?",
        ],
    );
}
