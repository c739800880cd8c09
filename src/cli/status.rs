//! `courier-sink status`: how a run stands, for people.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::args::Status as Options;
use super::table::{plain, table};
use super::{complain, tell, validate};
use crate::config::ApiConfig;
use crate::runner::Exit;
use crate::runner::api::{SinkStatus, Status, ask};

/// How often `--watch` asks.
const EVERY: Duration = Duration::from_secs(1);

/// What clears a terminal.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

/// Asks once, or until it is interrupted or nobody answers any more.
pub(super) async fn status(Options { config, address, watch }: Options) -> Exit {
    let address = match config.as_deref().map_or(Ok(address), configured) {
        Ok(address) => address,
        Err((problem, exit)) => {
            complain(&problem);
            return exit;
        }
    };
    let clears = watch && std::io::IsTerminal::is_terminal(&std::io::stdout());
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match ask(address).await {
            Ok(status) => {
                let clear = if clears { CLEAR } else { "" };
                tell(&format!("{clear}{}", shown(&status)));
            }
            Err(error) => {
                complain(&format!("{address}: {error}"));
                return Exit::Internal;
            }
        }
        if !watch {
            return Exit::Done;
        }
    }
}

/// Where a run of the configuration at `path` is asked.
fn configured(path: &Path) -> Result<SocketAddr, (String, Exit)> {
    let config = validate::load_without_keys(path).map_err(|wrong| (wrong, Exit::Config))?;
    let unsaid = |why: &str| (format!("{}: {why}", path.display()), Exit::Usage);
    let Some(ApiConfig { mut address, .. }) = config.api else {
        return Err(unsaid(
            "has no `[api]` block, without which a run answers nobody: add one, or give `--address`",
        ));
    };
    if address.port() == 0 {
        return Err(unsaid(
            "`api.address` takes any free port, and the log of the run names it: give `--address`",
        ));
    }
    // Who listens everywhere listens on this machine.
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    Ok(address)
}

/// The status, one sink after the other.
fn shown(status: &Status) -> String {
    let head = format!(
        "courier-sink {}, running for {}",
        plain(&status.version),
        time(status.uptime_seconds)
    );
    let sinks = status.sinks.iter().map(|(name, sink)| {
        let rows: Vec<_> =
            rows(sink).into_iter().map(|(what, how)| [format!("  {what}"), plain(&how)]).collect();
        format!("\n\n{}\n{}", plain(name), table(&rows))
    });
    std::iter::once(head).chain(sinks).collect()
}

fn rows(sink: &SinkStatus) -> Vec<(&'static str, String)> {
    let backlog = sink.backlog;
    let mut inside = vec![format!("{} inside", backlog.inside)];
    if backlog.on_disk > 0 {
        inside.push(format!("{} on disk", backlog.on_disk));
    }
    if backlog.unread > 0 {
        inside.push(format!("about {} unread", backlog.unread));
    }
    let mut rows = vec![
        ("ready", if sink.ready { "yes".to_owned() } else { sink.reasons.join("; ") }),
        ("kept from going faster by", constraint(&sink.constraint)),
        ("backlog", inside.join(", ")),
        ("oldest event", sink.oldest_event_age_seconds.map_or_else(|| "none".to_owned(), time)),
        ("pace", sink.events_per_second.map_or_else(unknown, |pace| format!("{pace:.1} events/s"))),
        ("done in", sink.drain_seconds.map_or_else(unknown, time)),
        (
            "will expire at this pace",
            sink.expiring_events.map_or_else(unknown, |count| count.to_string()),
        ),
        ("users and tenants", format!("{} inside, {} waiting", sink.lanes, sink.lanes_waiting)),
        ("requests under way", format!("{} of {}", sink.in_flight, sink.concurrency_limit)),
        ("delivered", sink.delivered.to_string()),
        ("retries", sink.retries.to_string()),
    ];
    for (what, counts) in [("skipped", &sink.skipped), ("dead letters", &sink.rejected)] {
        if !counts.is_empty() {
            let counts: Vec<_> =
                counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
            rows.push((what, counts.join(", ")));
        }
    }
    if sink.returned > 0 {
        rows.push(("returned to the source", sink.returned.to_string()));
    }
    rows
}

fn unknown() -> String {
    "not known".to_owned()
}

/// The constraint's name, and what it means.
fn constraint(name: &str) -> String {
    let meaning = match name {
        "hold" => "Courier does not take the API key",
        "pause" => "Courier has asked to slow down",
        "rate" => "the rate that is configured or was found",
        "concurrency" => "as many requests are under way as may be",
        "retry" => "what has failed waits for its next attempt",
        "order" => "events wait for an earlier one of their user or tenant",
        "buffer" => "the memory buffer is full of what is under way",
        "batch" => "the open batch waits for more",
        "source" => "nothing: the source brings no more",
        _ => return name.to_owned(),
    };
    format!("{name} ({meaning})")
}

/// A time in seconds, as people read it.
fn time(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds.round()).map_or(0, |time| time.as_secs());
    let (hours, minutes) = (whole / 3600, whole % 3600 / 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds:.1} s"),
        (0, _) => format!("{minutes} min {} s", whole % 60),
        _ => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::api::Backlog;

    #[test]
    fn a_status_is_told_in_words() {
        let sink = SinkStatus {
            ready: true,
            backlog: Backlog { inside: 500, on_disk: 0, unread: 1200 },
            constraint: "rate".to_owned(),
            oldest_event_age_seconds: Some(50.04),
            events_per_second: Some(10.0),
            drain_seconds: Some(170.0),
            expiring_events: Some(0),
            delivered: 12,
            ..SinkStatus::default()
        };
        let status = Status {
            version: "1.2.3".to_owned(),
            uptime_seconds: 3725.0,
            unread_bytes: 9,
            sinks: [("courier".to_owned(), sink)].into(),
        };
        let text = shown(&status);
        for line in [
            "courier-sink 1.2.3, running for 1 h 2 min",
            "kept from going faster by  rate (the rate that is configured or was found)",
            "backlog                    500 inside, about 1200 unread",
            "oldest event               50.0 s",
            "done in                    2 min 50 s",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
