//! `courier-sink dead-letters ls | show | replay | drop FILE`

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::args::letters::{DeadLetters, Filters, Replay};
use super::pretty::pretty;
use super::progress::Bar;
use super::table::{counted, plain, table};
use super::{complain, tell, validate};
use crate::clock::Clock;
use crate::event::Trust;
use crate::runner::dead_letters::{
    AsideError, Filter, Letter, Letters, Options, ReplayError, Replayed, drop_letters, list, replay,
};
use crate::runner::source::Progress;
use crate::runner::{Context, Exit, RunError, signals};
use futures::StreamExt;

/// Does what is asked for.
pub(super) async fn run(letters: DeadLetters, bar: Bar) -> anyhow::Result<Exit> {
    let done = match letters {
        DeadLetters::Ls { file, filter, json } => ls(&file, &filter.into(), json),
        DeadLetters::Show { file, letter } => show(&file, &letter),
        DeadLetters::Drop { file, filter, yes } => drop_matching(&file, &filter.into(), yes).await,
        DeadLetters::Replay(replay) => return send(replay, bar).await,
    };
    Ok(done.unwrap_or_else(|error| fail(&error.into())))
}

fn ls(file: &Path, filter: &Filter, json: bool) -> Result<Exit, AsideError> {
    let now = Clock::system().now();
    let row = |letter: Letter| {
        if !filter.matches(&letter, now) {
            return None;
        }
        if json {
            tell(&object(&letter));
            return None;
        }
        Some(row(&letter))
    };
    let Letters { letters: mut rows, is_aside } = list(file, row)?;
    if !rows.is_empty() {
        let head = ["#", "at", "reason", "event", "message id", "user", "status", "origin"];
        rows.insert(0, head.map(str::to_owned));
        tell(&table(&rows));
    }
    if is_aside {
        complain("a replay is under way or was interrupted: its letters are in the list");
    }
    Ok(Exit::Done)
}

fn object(letter: &Letter) -> String {
    let object = json!({
        "line": letter.line,
        "at": letter.at.map(|at| at.to_string()),
        "reason": letter.reason,
        "detail": letter.detail,
        "type": letter.kind,
        "event": letter.name,
        "message_id": letter.message_id,
        "user": letter.user,
        "endpoint": letter.endpoint,
        "status": letter.status,
        "steps_done": letter.steps_done,
        "origin": letter.origin,
        "trusted": letter.trust == Trust::Trusted,
    });
    object.to_string()
}

fn row(letter: &Letter) -> [String; 8] {
    let known = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), plain);
    let event = match (&letter.kind, &letter.name) {
        (Some(kind), Some(name)) => Some(format!("{kind}/{name}")),
        (kind, _) => kind.clone(),
    };
    [
        letter.line.to_string(),
        known(letter.at.map(|at| at.to_string()).as_deref()),
        plain(&letter.reason),
        known(event.as_deref()),
        known(letter.message_id.as_deref()),
        known(letter.user.as_deref()),
        known(letter.status.map(|status| status.to_string()).as_deref()),
        known(Some(&letter.origin).filter(|it| !it.is_empty()).map(String::as_str)),
    ]
}

fn show(file: &Path, wanted: &str) -> Result<Exit, AsideError> {
    let show = |letter: Letter| {
        let is_named = letter.message_id.as_deref() == Some(wanted);
        (is_named || letter.line.to_string() == wanted).then(|| tell(&pretty(&letter.text())))
    };
    if list(file, show)?.letters.is_empty() {
        complain(&format!("{}: no letter has the number or message id {wanted}", file.display()));
        return Ok(Exit::Source);
    }
    Ok(Exit::Done)
}

async fn drop_matching(file: &Path, filter: &Filter, yes: bool) -> Result<Exit, AsideError> {
    let now = Clock::system().now();
    if !yes {
        let is_meant = |letter: Letter| filter.matches(&letter, now).then_some(());
        let count = list(file, is_meant)?.letters.len();
        complain(&format!("{}: letters to remove for good: {count}; say --yes", file.display()));
        return Ok(Exit::Usage);
    }
    let count = drop_letters(file, |letter| filter.matches(letter, now)).await?;
    tell(&format!("{}: letters removed: {count}", file.display()));
    Ok(Exit::Done)
}

async fn send(options: Replay, bar: Bar) -> anyhow::Result<Exit> {
    let Replay { file, config, sink, allow_stale, ignore_expiry, filter } = options;
    let config = match validate::load(&config) {
        Ok(config) => config,
        Err(mistakes) => {
            complain(&mistakes);
            return Ok(Exit::Config);
        }
    };
    let progress = Arc::new(Progress::default());
    let context = Context {
        clock: Clock::system(),
        chance: fastrand::Rng::new(),
        signals: signals().map_err(RunError::Signals)?,
        reloads: futures::stream::pending().boxed(),
        progress: Arc::clone(&progress),
    };
    let name = file.display().to_string();
    let filter = filter.into();
    let options = Options { file, sink, filter, allow_stale, ignore_expiry };
    let run = Box::pin(replay(config, options, context));
    // Correctness: the bar never ends, and leaves nothing undone when the replay does.
    let outcome = tokio::select! {
        outcome = run => outcome,
        () = bar.follow(progress) => return Ok(Exit::Internal),
    };
    bar.clear();
    Ok(match outcome {
        Ok(Some(replayed)) => report(&name, &replayed),
        Ok(None) => {
            tell(&format!("{name}: there is nothing to replay"));
            Exit::Done
        }
        Err(error) => fail(&error),
    })
}

fn report(name: &str, replayed: &Replayed) -> Exit {
    let Replayed { summary, stale, expired, damaged, unreadable, left, exit } = replayed;
    tell(summary.to_string().trim_end());
    tell(&format!("letters left  {left}"));
    for (count, noun, why) in [
        (
            stale,
            "event",
            "of type identify or group, which may overwrite newer state: see --allow-stale",
        ),
        (expired, "event", "that had expired: see --ignore-expiry"),
        (damaged, "line", "without a letter"),
        (unreadable, "letter", "that still cannot be read: correct the `record` first, or drop it"),
    ] {
        if *count > 0 {
            complain(&format!("{name}: not sent: {} {why}", counted(*count, noun)));
        }
    }
    *exit
}

fn fail(error: &ReplayError) -> Exit {
    complain(&error.to_string());
    error.exit()
}

impl From<Filters> for Filter {
    fn from(filters: Filters) -> Self {
        let Filters { reason, event, user, message_id, older_than, newer_than } = filters;
        Self {
            reasons: reason,
            events: event,
            users: user,
            message_ids: message_id,
            older_than,
            newer_than,
        }
    }
}
