//! `courier-sink demo`: a local Courier with its page, a sink, and people who use something, in one process.

mod pace;
mod people;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::args::demo::{Demo, Mode};
use super::{complain, tell};
use crate::clock::Clock;
use crate::config::CourierConfig;
use crate::emulator::{Emulator, Settings};
use crate::runner::{Exit, InputEnd, Summary, signals};
use crate::sink::{Context, LogOnly, SinkConfig};
use crate::telemetry::Tally;
use people::People;

/// What stands in the way of a demonstration is the machine, not the events: it has no key, no letters and no checkpoint.
pub(super) async fn demo(options: Demo) -> anyhow::Result<Exit> {
    let Some(pace) = pace::Pace::new(options.rate, options.duration) else {
        complain(
            "`--rate` must be more than 0 and at most 100000, and `--duration` at most a year",
        );
        return Ok(Exit::Usage);
    };
    let address = options.address;
    let emulator = Emulator::bind(Settings { address, seed: options.seed, ..Settings::default() });
    let emulator = emulator.await.with_context(|| format!("cannot listen on {address}"))?;
    let address = emulator.local_addr();
    let courier = emulator.courier();
    for (id, steps) in automations() {
        let put = courier.put_automation(id, json!({"name": id, "steps": steps}));
        put.map_err(|error| anyhow::anyhow!("the demo's own automation {id}: {error}"))?;
    }
    let config = config(address, options.mode)?;
    tell(&format!("Look at http://{address}/emulator/page"));
    let mut signals = signals().context("signals cannot be received")?;
    tell(&pace.to_string());

    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(emulator.serve(async {
        // Dropped or sent, it means the same.
        let _ = stopped.await;
    }));
    let tally = Arc::new(Tally::default());
    let context = Context {
        dead_letters: Arc::new(LogOnly),
        tally: Arc::clone(&tally),
        seed: options.seed,
        clock: Clock::system(),
    };
    let (sink, _) = config.build(config.settings.clone(), context)?;

    let people = People::new(options.users.get(), options.seed);
    let start = Instant::now();
    let asked = async move {
        signals.next().await;
    };
    // A demonstration without an end is complete whenever it is stopped.
    Box::pin(sink.run_on(pace.records(people, Clock::system()).take_until(asked))).await;
    let elapsed = start.elapsed();
    let _ = stop.send(());
    served.await.context("the emulated Courier has failed")??;
    let summary =
        Summary { totals: tally.totals(), elapsed, input: InputEnd::Complete, buffer: None };
    tell(summary.to_string().trim_end());
    Ok(summary.exit())
}

/// The sink's block.
fn config(address: SocketAddr, mode: Mode) -> anyhow::Result<CourierConfig> {
    let mapping = match mode {
        Mode::Direct => MAPPING,
        // What is started is decided behind `/inbound`.
        Mode::Inbound => "",
    };
    let block = format!(
        "api_key = 'demo'\nendpoint = 'http://{address}'\nproxy.enabled = false\n\
         mode = '{}'\nbatch.timeout_secs = 0.05\n{mapping}",
        mode.as_str()
    );
    let config = CourierConfig::from_toml("courier", &block, &|_| None);
    config.map_err(|mistakes| anyhow::anyhow!("the demo's own block: {mistakes}"))
}

/// In direct mode one event starts something by the sink's own mapping, so that both ways can be seen: all others go to
/// `/inbound`, where links start things.
const MAPPING: &str = "[[automations]]\non = 'track/Trial Ending'\ntemplate = 'trial-ending'\n";

/// Automations that stand there from the start, so that there is something to link to and to run.
fn automations() -> [(&'static str, Value); 3] {
    let day = json!({"action": "delay", "duration": "1 day"});
    [
        (
            "trial-ending",
            json!([{"action": "send", "template": "trial-ending"}, day,
            {"action": "send", "template": "trial-ended"}]),
        ),
        (
            "order-confirmation",
            json!([{"action": "send", "template": "order-confirmation"},
            {"action": "update-profile", "merge": "overwrite",
                "profile": {"last_order": {"$ref": "data.properties.order_id"}}}]),
        ),
        ("password-reset", json!([{"action": "send", "template": "password-reset"}])),
    ]
}
