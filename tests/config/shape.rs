//! The JSON Schema accepts what is right and refuses what is of the wrong shape.

use std::path::Path;
use std::sync::LazyLock;

use courier_sink::config::{Config, SCHEMA};
use jsonschema::Validator;
use serde_json::{Map, Value};
use toml_span::value::ValueInner;

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(SCHEMA).expect("it is JSON");
    jsonschema::validator_for(&schema).expect("it is a schema")
});

/// How mistakes of shape are said; all others depend on what a text says, on other blocks, or on the environment.
const SHAPE: [&str; 13] = [
    "unknown option",
    "expected a table",
    "expected a boolean",
    "expected a string",
    "expected an array",
    "expected an integer",
    "expected a number",
    "expected `",
    "must be more than 0",
    "must be between",
    "must be at least",
    "must not be empty",
    "is missing",
];

/// Options whose bounds are other options.
const BOUND_BY_OTHERS: [&str; 2] = ["rate_limit_burst: must be", "initial_concurrency: must be"];

fn json(value: &mut toml_span::Value<'_>) -> Value {
    match value.take() {
        ValueInner::String(text) => Value::from(text.into_owned()),
        ValueInner::Integer(number) => Value::from(number),
        ValueInner::Float(number) => Value::from(number),
        ValueInner::Boolean(flag) => Value::from(flag),
        ValueInner::Array(mut values) => values.iter_mut().map(json).collect(),
        ValueInner::Table(members) => {
            let members = members.into_iter();
            let member = |(key, mut value): (toml_span::value::Key<'_>, _)| {
                (key.name.into_owned(), json(&mut value))
            };
            Value::Object(members.map(member).collect::<Map<_, _>>())
        }
    }
}

/// Checks that the schema refuses `text` if any of the mistakes in it is one of shape.
pub(crate) fn refuses(text: &str, said: &[&str]) {
    let of_shape = said.iter().find(|said| {
        // Of a text with a variable in it, the schema cannot know the value.
        let is_said = |words: &[&str]| words.iter().any(|word| said.contains(word));
        is_said(&SHAPE) && !is_said(&BOUND_BY_OTHERS) && !said.contains("${")
    });
    let (Some(said), Ok(mut toml)) = (of_shape, toml_span::parse(text)) else { return };
    assert!(!VALIDATOR.is_valid(&json(&mut toml)), "the schema accepts {text}\nwhere {said}");
}

/// Checks that the schema accepts `text`.
#[track_caller]
pub(crate) fn accepts(text: &str) {
    let value = json(&mut toml_span::parse(text).expect("it is TOML"));
    let errors: Vec<_> = VALIDATOR.iter_errors(&value).map(|it| it.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
}

#[test]
fn the_schema_accepts_every_example() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![repository.join("tests/config/everything.toml")];
    let mut folders = vec![repository.join("config-examples")];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let files = files.iter().filter(|path| path.extension().is_some_and(|it| it == "toml"));
    let texts: Vec<_> = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(texts.len() > 9, "{}", texts.len());
    for text in texts {
        accepts(&text);
    }
}

#[cfg(feature = "runner")]
#[test]
fn the_schema_accepts_what_generate_prints() {
    for arguments in [["file"], ["http_server"], ["vector"], ["stdin"], ["--all"]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_courier-sink"));
        let output = command.arg("generate").args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        accepts(&String::from_utf8(output.stdout).unwrap());
    }
}

/// Each line of the example of everything that is not set, set by itself: right or wrong, both say the same of it.
#[test]
fn the_schema_accepts_what_the_reader_does() {
    let text = include_str!("../../config-examples/production.toml");
    let mut count = 0;
    for line in text.lines().filter(|line| line.starts_with('#') && !line.starts_with("# ")) {
        let with = text.replacen(line, line.trim_start_matches('#'), 1);
        if toml_span::parse(&with).is_ok() && Config::parse(&with, "c", &|_| None).is_ok() {
            accepts(&with);
            count += 1;
        }
    }
    assert!(count > 60, "{count}");
}
