//! Sources, sinks, the emulator, and how they are put together.

use crate::{BEFORE, wrong_whole};

#[test]
fn text_that_is_not_toml_is_one_mistake() {
    for (text, said) in [
        ("a = ", "1:5: not valid TOML: unexpected eof encountered"),
        ("a = 1\na = 2", "2:1: not valid TOML: duplicate key: `a`"),
        ("ü = 1", "1:1: not valid TOML: unexpected character found: `ü`"),
        ("\na = 2024-01-01", "2:5: not valid TOML: invalid number"),
        (
            "api_key = pk_secret",
            "1:11: not valid TOML: invalid TOML value, did you mean to use a quoted string?",
        ),
        ("a = \"ü\nb\"", "1:7: not valid TOML: invalid character in string: `\\n`"),
    ] {
        wrong_whole(text, &[&format!("config.toml:{said}")]);
    }
}

#[test]
fn there_is_a_source_and_a_sink() {
    wrong_whole(
        "",
        &[
            "config.toml:1:1: sources: is missing, add a block `[sources.NAME]`",
            "config.toml:1:1: sinks: is missing, add a block `[sinks.NAME]`",
        ],
    );
    wrong_whole(
        "[sources]\n[sinks]",
        &[
            "config.toml:1:2: sources: is empty, add a block `[sources.NAME]`",
            "config.toml:2:2: sinks: is empty, add a block `[sinks.NAME]`",
        ],
    );
}

#[test]
fn sinks_read_sources_that_there_are() {
    for (inputs, said) in [
        (
            "inputs = []",
            "6:1: sinks.out.inputs: must not be empty, list the names of the sources to read",
        ),
        (
            "inputs = [\"in\", \"im\"]",
            "6:17: sinks.out.inputs[1]: there is no such source, known here: `in`, did you mean `in`?",
        ),
        (
            "inputs = [\"file*\"]",
            "6:11: sinks.out.inputs[0]: there is no such source, known here: `in`",
        ),
        ("inputs = [\"in\", \"in\"]", "6:17: sinks.out.inputs[1]: is there twice"),
        ("inputs = \"in\"", "6:1: sinks.out.inputs: expected an array, was the string \"in\""),
        ("", "4:8: sinks.out.inputs: is missing, list the names of the sources to read"),
    ] {
        let before = BEFORE.replace("inputs = [\"in\"]", inputs);
        let text = format!("{before}proxy.enabled = false\n");
        wrong_whole(&text, &[&format!("config.toml:{said}")]);
    }
}

#[test]
fn a_sink_without_its_source_is_told_which_there_are() {
    let sink = BEFORE.split_once("\n\n").expect("the source comes first").1;
    let sink = sink.replace("[\"in\"]", "[\"nope\"]");
    wrong_whole(
        &format!("{sink}proxy.enabled = false\n"),
        &[
            "config.toml:1:1: sources: is missing, add a block `[sources.NAME]`",
            "config.toml:3:11: sinks.out.inputs[0]: there is no such source, and no other",
        ],
    );
    let names: Vec<_> = (10..35).map(|name| format!("from_{name}")).collect();
    let sources: Vec<_> =
        names.iter().map(|name| format!("sources.{name}.type = \"stdin\"\n")).collect();
    let known: Vec<_> = names.iter().take(20).map(|name| format!("`{name}`")).collect();
    wrong_whole(
        &format!("{}{sink}proxy.enabled = false\n", sources.concat()),
        &[&format!(
            "config.toml:28:11: sinks.out.inputs[0]: there is no such source, known here: {} and 5 more",
            known.join(", ")
        )],
    );
}

#[test]
fn every_source_is_read_by_a_sink() {
    wrong_whole(
        &format!("{BEFORE}proxy.enabled = false\n[sources.other]\ntype = \"stdin\""),
        &["config.toml:9:10: sources.other: no sink reads it, \
             add it to `inputs` or remove it"],
    );
}

#[test]
fn each_sink_is_checked_whatever_is_wrong_with_others() {
    wrong_whole(
        &format!(
            "{BEFORE}proxy.enabled = false\n[sinks.b]\ntype = \"http\"\nuri = 1\n[sinks.a]\n\
             type = \"courier\"\ninputs = [\"in\"]\nproxy.enabled = false"
        ),
        &[
            "config.toml:9:8: sinks.b.inputs: is missing, list the names of the sources to read",
            "config.toml:10:1: sinks.b.type: expected `courier`, was the string \"http\"",
            "config.toml:12:8: sinks.a.api_key: is missing, set `api_key` or `api_key_file`",
        ],
    );
}

#[test]
fn sources_have_a_type_and_only_its_options() {
    let sink = "[sinks.out]\ntype = \"courier\"\ninputs = [\"*\"]\napi_key = \"pk_secret\"\n\
                proxy.enabled = false\n";
    wrong_whole(
        &format!(
            "{sink}[sources.a]\ntype = \"stdn\"\ninclude = []\n[sources.b]\ntype = \"file\"\n\
             exclude = [1]\n[sources.c]\ntype = \"stdin\"\ninclude = [\"*\"]\nmax_line_bytes = 0\n\
             [sources.d]\n[sources.\"e.f\"]\ntype = \"file\"\ninclude = []"
        ),
        &[
            "config.toml:7:1: sources.a.type: expected `stdin`, `file`, `http_server` or `vector`, \
             was the string \"stdn\", did you mean `stdin`?",
            "config.toml:9:10: sources.b.include: is missing, \
             name the files to read, as in `[\"events/*.json\"]`",
            "config.toml:11:12: sources.b.exclude[0]: expected a string, was the integer 1",
            "config.toml:14:1: sources.c.include: unknown option, \
             known here: `type`, `max_line_bytes`",
            "config.toml:15:1: sources.c.max_line_bytes: must be at least 1, was 0",
            "config.toml:16:10: sources.d.type: is missing, \
             set it to `stdin`, `file`, `http_server` or `vector`",
            "config.toml:17:11: sources.\"e.f\": a name consists of letters, digits, `_` and `-`",
            "config.toml:19:1: sources.\"e.f\".include: must not be empty",
        ],
    );
}

#[test]
fn the_page_of_events_is_for_this_machine_only() {
    for (block, said) in [
        (
            "page = true\naddress = \"0.0.0.0:8686\"",
            "11:1: api.page: shows personal data and asks for no key, which needs an `address` that only this machine \
             reaches, leave it out, or listen on a loopback address and reach it through a tunnel",
        ),
        ("page = 1", "11:1: api.page: expected a boolean, was the integer 1"),
        (
            "page_max_events = 100001",
            "11:1: api.page_max_events: must be between 1 and 100000, was 100001",
        ),
        ("page_max_events = 0", "11:1: api.page_max_events: must be between 1 and 100000, was 0"),
    ] {
        wrong_whole(
            &format!("{BEFORE}proxy.enabled = false\n\n[api]\n{block}"),
            &[&format!("config.toml:{said}")],
        );
    }
}

#[cfg(feature = "emulator")]
#[test]
fn the_emulator_has_an_address() {
    for (block, said) in [
        (
            "address = \"localhost:1\"",
            "11:1: emulator.address: expected an IP address with a port, \
             such as `127.0.0.1:8787`, was the string \"localhost:1\"",
        ),
        ("", "10:2: emulator.address: is missing, set it as in `127.0.0.1:8787`"),
        (
            "address = \"127.0.0.1:0\"\napi_key = 5",
            "12:1: emulator.api_key: expected a string, was an integer",
        ),
    ] {
        wrong_whole(
            &format!("{BEFORE}proxy.enabled = false\n\n[emulator]\n{block}"),
            &[&format!("config.toml:{said}")],
        );
    }
}
