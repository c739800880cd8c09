//! What is too long for a transcript: every option, the schema, completions and manual pages.

use std::collections::BTreeSet;
use std::path::Path;

use crate::process::run;

fn says(arguments: &[&str]) -> String {
    run(Path::new("."), arguments).expect(0).stdout
}

/// The commands that the help lists.
fn commands() -> Vec<String> {
    let help = says(&["--help"]);
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    // What does not fit in a line goes on further to the right.
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !["", "help"].contains(name)).map(str::to_owned).collect()
}

#[test]
fn every_option_and_the_schema_are_printed_as_they_are_in_the_repository() {
    let file = |path: &str| std::fs::read_to_string(path).unwrap();
    assert_eq!(says(&["generate", "--all"]), file("config-examples/production.toml"));
    assert_eq!(says(&["schema"]), file("src/config/schema.json"));
}

#[test]
fn completions_know_every_command() {
    let commands = commands();
    assert!(commands.len() > 12, "{commands:?}");
    for (shell, start) in [
        ("bash", "_courier"),
        ("zsh", "#compdef courier-sink\n"),
        ("fish", "# Print an optspec"),
        ("elvish", "\nuse builtin;\n"),
        ("powershell", "\nusing namespace"),
    ] {
        let text = says(&["completions", shell]);
        assert!(text.starts_with(start), "{shell}: {}", text.lines().next().unwrap());
        for command in &commands {
            assert!(text.contains(command.as_str()), "{shell}: {command}");
        }
    }
}

#[test]
fn there_is_a_manual_page_of_the_program_and_one_of_each_command() {
    let first = says(&["man"]);
    assert!(first.contains(".SH NAME\ncourier\\-sink \\- "), "{first}");
    let folder = tempfile::tempdir().unwrap();
    let said = says(&["man", folder.path().to_str().unwrap()]);
    assert_eq!(said, "");
    let names = folder.path().read_dir().unwrap().map(|page| page.unwrap().file_name());
    let pages: BTreeSet<_> = names.map(|name| name.into_string().unwrap()).collect();
    for command in commands() {
        assert!(pages.contains(&format!("courier-sink-{command}.1")), "{command}: {pages:?}");
        assert!(first.contains(&command.replace('-', "\\-")), "{command}");
    }
    for page in ["courier-sink.1", "courier-sink-dead-letters-replay.1", "courier-sink-buffer-ls.1"]
    {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS") && text.contains(".SH OPTIONS"), "{page}");
    }
    says(&["man", folder.path().join("new/one").to_str().unwrap()]);
    let within_a_page = folder.path().join("courier-sink.1/folder");
    let ended = run(folder.path(), &["man", within_a_page.to_str().unwrap()]).expect(70);
    assert!(ended.stderr.contains("cannot be written to"), "{}", ended.stderr);
}
