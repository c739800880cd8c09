//! How much memory another process takes.

use crate::process::Running;

/// The most memory `running` has had, in KiB; 0 where the system does not tell.
pub(crate) fn peak_memory(running: &Running) -> u64 {
    let path = format!("/proc/{}/status", running.id());
    let Ok(status) = std::fs::read_to_string(path) else { return 0 };
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(0, |line| line.trim().trim_end_matches(" kB").parse().expect("it is a number"))
}
