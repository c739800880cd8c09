//! The command line: reads arguments, environment and files, and starts what the library offers.
//!
//! The one place that reads the environment and writes to standard output.

mod args;
mod buffer;
mod dead_letters;
#[cfg(feature = "emulator")]
mod demo;
#[cfg(feature = "emulator")]
mod emulate;
mod environment;
mod generate;
mod logging;
mod plan;
mod pretty;
mod progress;
mod run;
mod status;
mod table;
mod traces;
mod validate;
mod why;

use std::ffi::OsString;
use std::io::Write;

use anyhow::Context;
use args::{Args, Command};
use clap::{CommandFactory, FromArgMatches};

use crate::runner::Exit;

/// Does what `arguments` ask for, the program's name being the first. Gives the exit code to end with.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let parsed = command().try_get_matches_from(arguments);
    let args = match parsed.and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => args,
        Err(error) => {
            // Were the console gone, there would be nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    match dispatch(args) {
        Ok(exit) => exit,
        Err(error) => {
            complain(&format!("error: {error:#}"));
            Exit::Internal
        }
    }
}

/// The command line as it is parsed and documented.
fn command() -> clap::Command {
    Args::command()
        .after_help(Exit::table())
        .mut_subcommand("run", |run| run.after_help(Exit::table()))
        .mut_subcommand("dead-letters", |letters| {
            letters.mut_subcommand("replay", |replay| replay.after_help(Exit::table()))
        })
}

fn dispatch(args: Args) -> anyhow::Result<Exit> {
    let bar = progress::Bar::new();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    // A run says in its configuration who else listens to what is logged.
    let mut loaded = run::Loaded::default();
    if let Command::Run { config, watch_config } = &args.command {
        let _entered = runtime.enter();
        loaded = run::Loaded::new(config, *watch_config);
    }
    let (level, beside) = (args.log_level.as_deref(), loaded.beside.take());
    if let Err(error) = logging::start(level, args.log_format, bar.clone(), beside) {
        complain(&format!("error: {error:#}"));
        return Ok(Exit::Usage);
    }
    match args.command {
        Command::Run { config, .. } => runtime.block_on(run::run(&config, loaded, bar)),
        Command::Validate(options) => Ok(runtime.block_on(validate::validate(&options))),
        Command::Generate(options) => Ok(generate::generate(&options)),
        Command::Schema => Ok(generate::schema()),
        Command::Completions { shell } => Ok(generate::completions(shell, command())),
        Command::Man(options) => Ok(generate::man(options.folder.as_deref(), command())),
        Command::Plan(options) => Ok(plan::run(&options)),
        Command::Status(options) => Ok(runtime.block_on(status::status(options))),
        Command::DeadLetters(letters) => runtime.block_on(dead_letters::run(letters, bar)),
        Command::Why(options) => Ok(why::run(&options)),
        Command::Buffer(buffer) => Ok(buffer::run(&buffer)),
        #[cfg(feature = "emulator")]
        Command::Demo(options) => runtime.block_on(Box::pin(demo::demo(options))),
        #[cfg(feature = "emulator")]
        Command::Emulate(options) => runtime.block_on(emulate::emulate(options)),
    }
}

/// Writes a result to standard output.
fn tell(text: &str) {
    // Were the reader gone, there would be nobody to tell.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes what is wrong to standard error.
fn complain(text: &str) {
    // As above.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
