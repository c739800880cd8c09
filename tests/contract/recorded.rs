//! What clients in other languages sent to an emulator, which `.ci/run` records.

use std::path::PathBuf;

use serde_json::Value;

use crate::contract;

/// The logs in the folder that `COURIER_LOGS` names; none where nothing was recorded.
fn logs() -> Vec<PathBuf> {
    let Some(folder) = std::env::var_os("COURIER_LOGS") else {
        return Vec::new();
    };
    let entries = PathBuf::from(folder).read_dir().expect("logs were recorded there");
    let mut logs: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    logs.sort();
    assert!(!logs.is_empty(), "nothing was recorded");
    logs
}

#[test]
fn recorded_requests_keep_to_the_contract() {
    for path in logs() {
        let text = std::fs::read_to_string(&path).expect("logs are text");
        let lines = text.lines().map(serde_json::from_str::<Value>);
        let lines: Result<Vec<_>, _> = lines.collect();
        contract::replay::replay(lines.expect("each line is JSON"));
    }
}
