//! Which mistakes say that their line may hold a secret.

use courier_sink::config::{Config, Texts};

use crate::BEFORE;

/// What is said of the texts in the line of the one mistake that `options` of a sink that is right have.
#[track_caller]
fn texts(options: &str) -> Texts {
    let text = format!("{BEFORE}{options}\n[sinks.out.proxy]\nenabled = false\n");
    let mistakes = Config::parse(&text, "config.toml", &|_| None).expect_err(&text);
    let mut mistakes = mistakes.iter().map(|mistake| mistake.texts);
    let texts = mistakes.next().expect("there is one");
    assert_eq!(mistakes.next(), None, "{text}");
    texts
}

#[test]
fn what_may_be_a_secret_is_known_without_its_words() {
    for options in [
        // Nobody knows what it is for.
        "apiKey = \"pk_secret\"",
        "request.key = \"pk_secret\"",
        // A level too high.
        "request = \"pk_secret\"",
        "tls = \"pk_secret\"",
        "acknowledgements = \"pk_secret\"",
        "healthcheck = \"pk_secret\"",
        "automations = [\"pk_secret\"]",
        "api_key_file = \"pk_secret\"",
        "endpoint = \"pk_secret\"",
        "endpoint = \"https://${ABSENT}@host\"",
    ] {
        assert_eq!(texts(options), Texts::Secret, "{options}");
    }
}

#[test]
fn values_of_other_options_are_none() {
    for options in ["mode = \"inbuond\"", "request.timeout_secs = 0", "inline = \"${ABSENT}\""] {
        assert_eq!(texts(options), Texts::Plain, "{options}");
    }
}
