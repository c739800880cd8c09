//! Parse, load, run, exit code: all of it is the library's command line.

use std::process::ExitCode;

/// Events are made and freed all the time, and what holds one is often larger than what glibc keeps at hand:
/// docs/performance.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    courier_sink::cli::main(std::env::args_os()).into()
}
