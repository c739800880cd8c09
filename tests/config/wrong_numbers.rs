//! Numbers out of range, and options that need each other.

use crate::wrong;

#[test]
fn numbers_out_of_range_name_the_range() {
    wrong(
        "batch.max_bytes = 1.5\nbuffer.max_events = 0\ningest.max_depth = 121\n\
         request = { concurrency = 0, retry_attempts = -1, rate_limit_num = \"10\" }",
        &[
            "8:7: sinks.out.batch.max_bytes: expected an integer, at least 1, was the float 1.5",
            "9:8: sinks.out.buffer.max_events: must be between 1 and 4294967295, was 0",
            "10:8: sinks.out.ingest.max_depth: must be between 1 and 120, was 121",
            "11:13: sinks.out.request.concurrency: must be between 1 and 65535, was 0",
            "11:30: sinks.out.request.retry_attempts: must be at least 0, was -1",
            "11:51: sinks.out.request.rate_limit_num: expected an integer, \
             between 1 and 4294967295, was the string \"10\"",
        ],
    );
}

#[test]
fn times_are_more_than_none_and_at_most_a_year() {
    wrong(
        "batch.timeout_secs = nan\nrequest.timeout_secs = 0\nrequest.hold_probe_secs = 1e300\n\
         healthcheck.timeout = 0.0000000001\nrequest.connect_timeout_secs = \"5s\"",
        &[
            "8:7: sinks.out.batch.timeout_secs: must be more than 0 and at most 31536000 (a year), \
             was the float NaN",
            "9:9: sinks.out.request.timeout_secs: must be more than 0 and at most 31536000 \
             (a year), was the integer 0",
            "10:9: sinks.out.request.hold_probe_secs: must be more than 0 and at most 31536000 \
             (a year), was the float 1e300",
            "11:13: sinks.out.healthcheck.timeout: must be more than 0 and at most 31536000 \
             (a year), was the float 1e-10",
            "12:9: sinks.out.request.connect_timeout_secs: expected a number of seconds, \
             was the string \"5s\"",
        ],
    );
}

#[test]
fn limits_that_need_each_other_are_checked_together() {
    wrong(
        "request = { rate_limit_burst = 3, rate_limit_duration_secs = 2 }",
        &[
            "8:13: sinks.out.request.rate_limit_burst: does nothing without `rate_limit_num`, \
             set that too",
            "8:35: sinks.out.request.rate_limit_duration_secs: does nothing without \
             `rate_limit_num`, set that too",
        ],
    );
    wrong(
        "request = { rate_limit_num = 10, rate_limit_burst = 11, retry_initial_backoff_secs = 60 }",
        &[
            "8:34: sinks.out.request.rate_limit_burst: must be between 1 and 10, was 11",
            "8:57: sinks.out.request.retry_initial_backoff_secs: `retry_initial_backoff_secs` (60) \
             must not be more than `retry_max_duration_secs` (30)",
        ],
    );
}

#[test]
fn tls_options_that_need_each_other_are_checked_together() {
    wrong(
        "[sinks.out.tls]\ncrt_file = \"a\"\nverify_certificate = false\nca_file = \"b\"\n\
         verify_hostname = true\nserver_name = \"a b\"\nalpn_protocols = [\"h3\"]",
        &[
            "9:1: sinks.out.tls.crt_file: does nothing without `key_file`, set that too",
            "11:1: sinks.out.tls.ca_file: does nothing with `verify_certificate = false`, \
             remove one of the two",
            "12:1: sinks.out.tls.verify_hostname: does nothing with `verify_certificate = false`, \
             remove one of the two",
            "13:1: sinks.out.tls.server_name: expected a host name or an address, \
             was the string \"a b\"",
            "14:19: sinks.out.tls.alpn_protocols[0]: expected `h2` or `http/1.1`, \
             was the string \"h3\", did you mean `h2`?",
        ],
    );
    wrong(
        "tls.key_file = \"a\"",
        &["8:5: sinks.out.tls.key_file: does nothing without `crt_file`, set that too"],
    );
}
