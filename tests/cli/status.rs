//! `status`, word by word, once and again and again.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::process::{Running, binary, run, write};

const CONFIG: &str = "data_dir = \"data\"\nshutdown_timeout_secs = 0.2\n[api]\naddress = \"127.0.0.1:0\"\n\
    [emulator]\naddress = \"127.0.0.1:0\"\napi_key = \"right\"\n[sources.in]\ntype = \"stdin\"\n\
    [sinks.courier]\ntype = \"courier\"\ninputs = [\"in\"]\napi_key = \"right\"\n";

const IDLE: &str = "\
courier
  ready                      yes
  kept from going faster by  source (nothing: the source brings no more)
  backlog                    0 inside
  oldest event               none
  pace                       not known
  done in                    0.0 s
  will expire at this pace   0
  users and tenants          0 inside, 0 waiting
  requests under way         0 of 1
  delivered                  0
  retries                    0
";

#[test]
fn a_status_is_told_once_and_with_watch_until_nobody_answers() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "config.toml", CONFIG);
    let mut running = Running::start(folder.path(), &["run", "config.toml"]);
    let line = running.wait_for("the admin endpoint listens");
    let (_, port) = line.split_once("127.0.0.1:").unwrap();
    let address = format!("127.0.0.1:{}", port.trim());
    running.wait_for("Courier answers and takes the API key");
    let once = run(folder.path(), &["status", "--address", &address]).expect(0).stdout;
    let (head, rest) = once.split_once("\n\n").unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let time = head.strip_prefix(&format!("courier-sink {version}, running for ")).unwrap();
    assert!(time.ends_with(" s"), "{head}");
    assert_eq!(rest, IDLE);
    write(
        folder.path(),
        "asked.toml",
        CONFIG.replace("127.0.0.1:0\"\n[emu", &format!("0.0.0.0:{}\"\n[emu", port.trim())),
    );
    let asked = run(folder.path(), &["status", "asked.toml"]).expect(0).stdout;
    assert!(asked.ends_with(IDLE), "{asked}");

    let mut watching = binary()
        .args(["status", "--watch", "--address", &address])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines().map(Result::unwrap);
    let delivered =
        |line: &String| line.trim_start().strip_prefix("delivered ").map(|it| it.trim().to_owned());
    for _ in 0..2 {
        assert_eq!(lines.find_map(|line| delivered(&line)).as_deref(), Some("0"));
    }
    let event = "{\"type\":\"identify\",\"userId\":\"ann\",\"messageId\":\"1\"}\n";
    running.stdin.as_mut().unwrap().write_all(event.as_bytes()).unwrap();
    while lines.find_map(|line| delivered(&line)).expect("the run goes on") != "1" {}
    drop(running.stdin.take());
    running.end().expect(0);
    assert!(lines.all(|line| !line.contains('\u{1b}')), "it is no terminal");
    let ended = watching.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(70), "{said}");
    assert!(said.starts_with(&format!("{address}: ")), "{said}");
}

#[test]
fn a_configuration_that_does_not_say_whom_to_ask_is_told() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "any_port.toml", CONFIG);
    let without = CONFIG.replace("[api]\naddress = \"127.0.0.1:0\"\n", "");
    write(folder.path(), "none.toml", without.replace("\"right\"", "\"${ANOTHER_SHELL_HAS_IT}\""));
    write(folder.path(), "wrong.toml", CONFIG.replace("127.0.0.1:0\"\n[emu", "localhost\"\n[emu"));
    for (arguments, code, said) in [
        (
            &["none.toml"][..],
            2,
            "none.toml: has no `[api]` block, without which a run answers nobody: add one, or give `--address`",
        ),
        (
            &["any_port.toml"],
            2,
            "any_port.toml: `api.address` takes any free port, and the log of the run names it: give `--address`",
        ),
        (&["wrong.toml"], 78, "wrong.toml:4:1: api.address: expected an IP address"),
        (&["absent.toml"], 78, "absent.toml: cannot be read: "),
        (
            &["none.toml", "--address", "127.0.0.1:1"],
            2,
            "error: the argument '[CONFIG]' cannot be used with",
        ),
    ] {
        let ended = run(folder.path(), &[&["status"], arguments].concat()).expect(code);
        assert!(ended.stderr.starts_with(said), "{arguments:?}: {}", ended.stderr);
    }
}
