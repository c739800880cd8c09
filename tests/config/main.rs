//! Configurations: what is made of right ones, and every word that is said about wrong ones.

// `everything.toml` has the emulator's block, which a build without it refuses.
#[cfg(feature = "emulator")]
mod accepted;
mod buffer;
mod embedded;
#[cfg(feature = "emulator")]
mod emulator;
#[cfg(feature = "emulator")]
mod examples;
mod file_source;
mod http_server;
mod secrets;
mod shape;
mod traces;
mod vector_source;
mod wrong_automations;
mod wrong_components;
mod wrong_names;
mod wrong_numbers;
mod wrong_values;

use courier_sink::config::{Config, CourierConfig};
use proptest::prelude::*;

const BEFORE: &str = "[sources.in]\ntype = \"stdin\"\n\n[sinks.out]\ntype = \"courier\"\n\
                      inputs = [\"in\"]\napi_key = \"pk_secret\"\n";

fn environment(name: &str) -> Option<String> {
    match name {
        "KEY" => Some("pk_secret in the environment".to_owned()),
        "SPEED" => Some("pk_secret".to_owned()),
        "LINES" => Some("pk_secret\npk_secret".to_owned()),
        "HTTP_PROXY" => Some("socks5://me:pk_secret@proxy".to_owned()),
        _ => None,
    }
}

/// Checks all that is said about a whole configuration.
fn wrong_whole(text: &str, said: &[&str]) {
    let mistakes = Config::parse(text, "config.toml", &environment).expect_err(text);
    assert_eq!(mistakes.to_string(), said.join("\n"), "{text}");
    assert!(!format!("{mistakes:?}").contains("pk_secret"));
    shape::refuses(text, said);
}

/// The same for further options of a sink that is right; they start at line 8. `proxy.enabled` keeps the environment's
/// proxy out of what is said.
fn wrong(options: &str, said: &[&str]) {
    let said: Vec<_> = said.iter().map(|it| format!("config.toml:{it}")).collect();
    let said: Vec<_> = said.iter().map(String::as_str).collect();
    wrong_whole(&format!("{BEFORE}{options}\n[sinks.out.proxy]\nenabled = false\n"), &said);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_a_reason(text in "(?s).{0,200}") {
        check(&text)?;
    }

    #[test]
    fn any_order_of_what_toml_is_made_of_is_read_or_refused_with_a_reason(
        parts in prop::collection::vec(prop::sample::select(PARTS), 0..40)
    ) {
        check(&parts.concat())?;
    }
}

const PARTS: &[&str] = &[
    "\n",
    "\n",
    "\r\n",
    " ",
    "=",
    "=",
    ".",
    ",",
    "[",
    "]",
    "{",
    "}",
    "[[",
    "]]",
    "\"",
    "\"\"\"",
    "'",
    "#",
    "ü",
    "\u{feff}",
    "a",
    "b",
    "sinks",
    "sources",
    "[sinks.a]\n",
    "[sources.b]\n",
    "type = 'courier'\n",
    "type = 'stdin'\n",
    "inputs = ['b']\n",
    "api_key = '${KEY}'\n",
    "[[sinks.a.automations]]\n",
    "on = 'track'\n",
    "steps = [{a = 1}]\n",
    "request",
    "batch",
    "1",
    "-1.5e3",
    "+inf",
    "nan",
    "0x_f",
    "true",
    "$",
    "${",
    "\\u00",
    "1979-05-27T07:32:00Z",
];

fn check(text: &str) -> Result<(), TestCaseError> {
    if let Err(mistakes) = Config::parse(text, "config.toml", &environment) {
        prop_assert!(mistakes.iter().count() > 0);
        let places: Vec<_> = mistakes.iter().map(|it| (it.line, it.column)).collect();
        prop_assert!(places.is_sorted() && places.iter().all(|it| *it >= (1, 1)));
        prop_assert!(!mistakes.to_string().contains("pk_secret"));
    }
    if let Err(mistakes) = CourierConfig::from_toml("courier", text, &environment) {
        prop_assert!(mistakes.iter().count() > 0);
    }
    Ok(())
}
