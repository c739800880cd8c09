//! Parse, load, run, exit code: all of it is the library's command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    courier_sink::cli::main(std::env::args_os()).into()
}
