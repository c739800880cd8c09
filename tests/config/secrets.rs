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
        "api_key_file = \" pk_secret\"",
        "api_key_file = \"${ABSENT:-pk_secret}\"",
        "endpoint = \"pk_secret\"",
        "endpoint = \"https://${ABSENT}@host\"",
        // Where the path of a key's file belongs, and not in the form that is looked for.
        "api_key_file = [\"pk_secret\"]",
        "api_key_file = { key = \"pk_secret\" }",
        "api_key_file = 12345",
        // No TOML, so nobody knows what it is.
        "key = \"pk_secret",
        "key = pk_secret",
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

/// What is said in whole configurations: each mistake's option and its texts.
#[track_caller]
fn all(text: &str) -> Vec<(String, Texts)> {
    let mistakes = Config::parse(text, "config.toml", &|_| None).expect_err(text);
    let texts: Vec<_> = mistakes.iter().map(|it| (it.path.clone(), it.texts)).collect();
    assert!(!mistakes.to_string().contains("pk_secret"), "{mistakes}");
    assert_eq!(
        Config::parse_partly(text, &|_| None).1,
        mistakes.iter().cloned().collect::<Vec<_>>()
    );
    texts
}

/// The same for the options of an `http_server`.
#[track_caller]
fn of_source(options: &str) -> Vec<(String, Texts)> {
    all(&format!(
        "[sources.in]\ntype = \"http_server\"\naddress = \"127.0.0.1:0\"\n{options}\n\
         [sinks.out]\ntype = \"courier\"\ninputs = [\"in\"]\napi_key = \"k\"\n\
         [sinks.out.proxy]\nenabled = false\n"
    ))
}

#[test]
fn keys_of_a_list_are_secrets_one_by_one() {
    for (options, path) in [
        ("write_keys_file = \"pk_secret\"", "write_keys_file"),
        ("write_keys = [\"pk_secret\",\n\"pk_secret\"]", "write_keys[1]"),
        (
            "write_keys = [\"a\",\n{ key = \"pk_secret\", trusted = true },\n\"pk_secret\"]",
            "write_keys[2]",
        ),
        ("write_keys = [\n12345]", "write_keys[0]"),
        ("write_keys = [\n[\"pk_secret\"]]", "write_keys[0]"),
        ("write_keys = [\n\"${ABSENT}\"]", "write_keys[0]"),
        ("write_keys = \"pk_secret\"", "write_keys"),
        ("write_keys_file = [\"pk_secret\"]", "write_keys_file"),
    ] {
        assert_eq!(
            of_source(options),
            [(format!("sources.in.{path}"), Texts::Secret)],
            "{options}"
        );
    }
}

// A build without the emulator refuses its block.
#[cfg(feature = "emulator")]
#[test]
fn an_endpoint_beside_an_emulator_may_hold_a_secret() {
    let text = format!(
        "{BEFORE}endpoint = \"https://pk_secret@host\"\n[sinks.out.proxy]\nenabled = false\n\
         [emulator]\naddress = \"127.0.0.1:0\"\n"
    );
    let plain = text.replace("pk_secret@", "");
    for text in [&text, &plain] {
        assert_eq!(all(text), [("sinks.out.endpoint".to_owned(), Texts::Secret)], "{text}");
    }
}

#[test]
fn what_stands_in_one_line_is_shown_together_and_so_is_as_secret_as_the_most_secret() {
    let sink = "[sources]\nin = { type = \"stdin\" }\n[sinks]\n\
                out = { type = \"courier\", inputs = [\"in\"], apiKey = \"pk_secret\", mode = \"inbuond\" }\n";
    let source = "[sources]\n\
                  in = { type = \"http_server\", address = \"0.0.0.0:80\", write_key = \"pk_secret\" }\n\
                  [sinks.out]\ntype = \"courier\"\ninputs = [\"in\"]\napi_key = \"k\"\n";
    for (text, said) in [
        (sink, ["api_key", "apiKey", "mode"].map(|it| format!("sinks.out.{it}")).to_vec()),
        (source, ["address", "write_key"].map(|it| format!("sources.in.{it}")).to_vec()),
    ] {
        let all = all(text);
        for path in said {
            assert!(all.contains(&(path.clone(), Texts::Secret)), "{path}: {all:?}");
        }
    }
    // Other lines are told by themselves.
    let apart = format!("{BEFORE}apiKey = \"pk_secret\"\nmode = \"inbuond\"\n");
    assert!(all(&apart).contains(&("sinks.out.mode".to_owned(), Texts::Plain)));
}
