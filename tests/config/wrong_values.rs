//! Values of the wrong type, variables that cannot be replaced, secrets that must not be shown.

use crate::{BEFORE, wrong, wrong_whole};

#[test]
fn values_of_the_wrong_type_say_what_they_were() {
    wrong(
        "request = 5\nhealthcheck = \"yes\"\ncontext_attributes = \"true\"\nautomations = {}",
        &[
            "8:1: sinks.out.request: expected a table, was an integer",
            "9:1: sinks.out.healthcheck: expected a boolean or a table, was a string",
            "10:1: sinks.out.context_attributes: expected a boolean, was the string \"true\"",
            "11:1: sinks.out.automations: expected an array, was a table",
        ],
    );
    wrong_whole(
        "sources = 5\nsinks = \"a\"\ndata_dir = false\nshutdown_timeout_secs = -1",
        &[
            "config.toml:1:1: sources: expected a table, was an integer",
            "config.toml:2:1: sinks: expected a table, was a string",
            "config.toml:3:1: data_dir: expected a string, was the boolean false",
            "config.toml:4:1: shutdown_timeout_secs: must be more than 0 and at most 31536000 \
             (a year), was the integer -1",
        ],
    );
}

#[test]
fn long_values_are_cut() {
    let long = "x".repeat(1000);
    let shown = "x".repeat(60);
    let said = format!(
        "8:1: sinks.out.context_attributes: expected a boolean, was the string \"{shown}\"…"
    );
    wrong(&format!("context_attributes = \"{long}\""), &[&said]);
}

#[test]
fn what_stands_a_level_too_high_is_never_repeated() {
    wrong_whole(
        "sinks.api_key = \"pk_secret\"\nsources.key = \"pk_secret\"",
        &[
            "config.toml:1:7: sinks.api_key: expected a table, was a string",
            "config.toml:2:9: sources.key: expected a table, was a string",
        ],
    );
}

#[test]
fn a_key_is_not_taken_for_the_path_of_one_and_is_never_repeated() {
    let said = "config.toml:5:1: sinks.out.api_key_file: is a key, expected the path of a file that holds it, \
                write it as `api_key`, or with `./` before it if it is a file";
    let before = "[sources.in]\ntype = \"stdin\"\n[sinks.out]\ntype = \"courier\"\n";
    let after = "inputs = [\"in\"]\nproxy.enabled = false";
    wrong_whole(&format!("{before}api_key_file = \"pk_prod_secret\"\n{after}"), &[said]);
    let both = "api_key_file = \"pk_prod_secret\"\napi_key = \"k\"\n";
    wrong_whole(&format!("{before}{both}{after}"), &[said]);
}

#[test]
fn endpoints_and_proxies_are_urls_and_never_repeated() {
    wrong(
        "endpoint = \"https://me:pk_secret@host\"",
        &["8:1: sinks.out.endpoint: must not hold credentials; the key is an option of its own"],
    );
    wrong(
        "endpoint = \"api.courier.com\"",
        &["8:1: sinks.out.endpoint: must start with https:// or http://"],
    );
    wrong_whole(
        &format!("{BEFORE}proxy.https = \"pk_secret\"\nproxy.no_proxy = \"a\""),
        &[
            "config.toml:8:1: sinks.out.proxy.http: the environment variable `HTTP_PROXY` must \
             start with http:// or https://, correct it, or set `http` here",
            "config.toml:8:7: sinks.out.proxy.https: must start with http:// or https://",
            "config.toml:9:7: sinks.out.proxy.no_proxy: expected an array, was the string \"a\"",
        ],
    );
}

#[test]
fn there_is_exactly_one_key_and_it_is_never_shown() {
    let said = "8:1: sinks.out.api_key_file: `api_key` is set too, keep one of the two";
    wrong("api_key_file = \"key\"", &[said]);
    for (key, said) in [
        ("api_key = \"\"", "7:1: sinks.out.api_key: must not be empty"),
        ("api_key = [\"pk_secret\"]", "7:1: sinks.out.api_key: expected a string, was an array"),
        (
            "api_key = \"${KEY}\"",
            "7:1: sinks.out.api_key: the API key holds white space, a line break or another \
             character that cannot stand in a header",
        ),
        ("api_key = 12345", "7:1: sinks.out.api_key: expected a string, was an integer"),
        ("", "4:8: sinks.out.api_key: is missing, set `api_key` or `api_key_file`"),
    ] {
        let before = BEFORE.replace("api_key = \"pk_secret\"", key);
        let text = format!("{before}\nproxy.enabled = false");
        wrong_whole(&text, &[&format!("config.toml:{said}")]);
    }
}

#[test]
fn a_misspelt_key_is_missing_and_unknown_but_not_shown() {
    wrong_whole(
        &format!("{BEFORE}proxy.enabled = false").replace("api_key", "api_kye"),
        &[
            "config.toml:4:8: sinks.out.api_key: is missing, set `api_key` or `api_key_file`",
            "config.toml:7:1: sinks.out.api_kye: unknown option, did you mean `api_key`?",
        ],
    );
}

#[test]
fn variables_that_cannot_be_replaced_are_named_without_their_value() {
    wrong(
        "dead_letter.path = \"${NONE}\"",
        &["8:13: sinks.out.dead_letter.path: the environment variable `NONE` is not set, set it, \
             give a default with `${NONE:-default}`, or write `$$` where a dollar sign is meant"],
    );
    wrong(
        "mode = \"${NONE:?say which}\"\nrename.a = \"${LINES}\"",
        &[
            "8:1: sinks.out.mode: the environment variable `NONE` is not set: say which",
            "9:8: sinks.out.rename.a: the value of the environment variable `LINES` holds a line \
             break",
        ],
    );
    wrong(
        "dead_letter.path = \"${a b}\"\nrename.a = \"${A\"",
        &[
            "8:13: sinks.out.dead_letter.path: `${a b}` is not a variable, use `${VAR}`, \
             `${VAR:-default}` or `${VAR:?message}`, or write `$$` where a dollar sign is meant",
            "9:8: sinks.out.rename.a: `${` is not closed, write `$$` where a dollar sign is meant",
        ],
    );
}

#[test]
fn what_becomes_of_those_who_wait_is_one_of_what_there_is() {
    wrong(
        "ordering = \"users\"\non_rejected = \"dead_letter\"\nordering_max_wait_secs = 0",
        &[
            "8:1: sinks.out.ordering: expected `user` or `none`, was the string \"users\", \
             did you mean `user`?",
            "9:1: sinks.out.on_rejected: expected `skip` or `dead_letter_followers`, \
             was the string \"dead_letter\"",
            "10:1: sinks.out.ordering_max_wait_secs: must be more than 0 and at most 31536000 \
             (a year), was the integer 0",
        ],
    );
    wrong(
        "ordering = true\nordering_max_wait = 5",
        &[
            "8:1: sinks.out.ordering: expected `user` or `none`, was the boolean true",
            "9:1: sinks.out.ordering_max_wait: unknown option, \
             did you mean `ordering_max_wait_secs`?",
        ],
    );
}

#[test]
fn limits_of_age_are_times_of_events_that_can_be_told_apart() {
    wrong(
        "expires_after_secs = 0\nexpires_after_secs_by_event = { Identify = 1, \"track/\" = 2, a = 3, \
         \"track/a\" = 4, b = true }\nexpires_from = \"sentAt\"",
        &[
            "8:1: sinks.out.expires_after_secs: must be more than 0 and at most 31536000 (a year), was \
             the integer 0",
            "9:33: sinks.out.expires_after_secs_by_event.Identify: is almost a type of events, write \
             `identify`, or `track/Identify` for track events of that name",
            "9:48: sinks.out.expires_after_secs_by_event.\"track/\": names no event, write `track` for all \
             track events",
            "9:69: sinks.out.expires_after_secs_by_event.\"track/a\": is the same event as another line, \
             keep one of the two",
            "9:83: sinks.out.expires_after_secs_by_event.b: expected a number of seconds, was the \
             boolean true",
            "10:1: sinks.out.expires_from: expected `received_at` or `timestamp`, was the string \
             \"sentAt\"",
        ],
    );
    wrong(
        "expires_after_secs = -1\nexpires_from = \"timestamp\"",
        &[
            "8:1: sinks.out.expires_after_secs: must be more than 0 and at most 31536000 (a year), was \
             the integer -1",
        ],
    );
    wrong(
        "expires_from = \"timestamp\"",
        &[
            "8:1: sinks.out.expires_from: does nothing without a limit, set one of `expires_after_secs` \
           and `expires_after_secs_by_event`",
        ],
    );
}

#[test]
fn a_retry_strategy_lists_statuses_where_it_is_custom_and_only_there() {
    for (strategy, said) in [
        ("{}", "8:9: type: is missing, set it to `default`, `none`, `all` or `custom`"),
        (
            "{ type = \"custom\" }",
            "8:9: status_codes: is missing, list the statuses that are to be repeated",
        ),
        (
            "{ type = \"all\", status_codes = [503] }",
            "8:42: status_codes: does nothing unless `type` is `custom`, remove it",
        ),
        (
            "{ type = \"sometimes\" }",
            "8:28: type: expected `default`, `none`, `all` or `custom`, was the string \"sometimes\"",
        ),
        (
            "{ type = \"custom\", status_codes = [404, 404] }",
            "8:66: status_codes[1]: is there twice",
        ),
        (
            "{ type = \"custom\", status_codes = [401] }",
            "8:61: status_codes[0]: holds the sink until it is let, and is never given up, remove it",
        ),
        (
            "{ type = \"custom\", status_codes = [200] }",
            "8:61: status_codes[0]: must be between 300 and 599, was 200",
        ),
    ] {
        let place = ": sinks.out.request.retry_strategy.";
        let said = said.replacen(": ", place, 1);
        wrong(&format!("request.retry_strategy = {strategy}"), &[&said]);
    }
}

#[test]
fn a_journal_has_a_size() {
    wrong("journal = true", &["8:1: sinks.out.journal: expected a table, was a boolean"]);
    wrong(
        "journal = { max_size = 1000, path = \"j\" }",
        &[
            "8:13: sinks.out.journal.max_size: must be at least 65536, was 1000",
            "8:30: sinks.out.journal.path: unknown option, known here: `max_size`",
        ],
    );
}
