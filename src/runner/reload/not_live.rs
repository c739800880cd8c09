//! What of a configuration cannot change while it runs: each difference is named.

use std::mem::discriminant;

use secrecy::{ExposeSecret, SecretString};

use crate::config::{Config, CourierConfig, EmulatorConfig, Sink, Source};

/// Everything that is different and cannot be, one line each; none where all of `new` can be taken.
// Each option is named here, so that a new one is not forgotten.
pub(super) fn not_live(old: &Config, new: &Config) -> Vec<String> {
    let Config { data_dir, shutdown_timeout, sources, sinks, api, traces, emulator } = old;
    let mut all = Vec::new();
    let mut note = |is_same: bool, option: &str| {
        if !is_same {
            all.push(format!("{option}: cannot change while it runs, restart to change it"));
        }
    };
    note(*data_dir == new.data_dir, "data_dir");
    note(*shutdown_timeout == new.shutdown_timeout, "shutdown_timeout_secs");
    note(*api == new.api, "api");
    note(*traces == new.traces, "traces");
    note(is_same_emulator(emulator.as_ref(), new.emulator.as_ref()), "emulator");
    for (name, source) in sources {
        let is_same = new.sources.get(name).is_some_and(|other| is_same_source(source, other));
        note(is_same, &format!("sources.{name}"));
    }
    for name in new.sources.keys().filter(|name| !sources.contains_key(*name)) {
        note(false, &format!("sources.{name}"));
    }
    for (name, sink) in sinks {
        match new.sinks.get(name) {
            None => note(false, &format!("sinks.{name}")),
            Some(other) => {
                for (option, is_same) in sink_options(sink, other) {
                    note(is_same, &format!("sinks.{name}.{option}"));
                }
            }
        }
    }
    for name in new.sinks.keys().filter(|name| !sinks.contains_key(*name)) {
        note(false, &format!("sinks.{name}"));
    }
    all
}

/// The options of a sink that cannot change, and whether each is the same.
fn sink_options(old: &Sink, new: &Sink) -> [(&'static str, bool); 7] {
    let Sink { inputs, courier, line: _ } = old;
    let CourierConfig {
        settings,
        endpoint,
        is_endpoint_written,
        acknowledgements,
        dead_letter,
        disk_buffer,
        journal,
        // What can: the last counts at the start only.
        api_key: _,
        connect_timeout: _,
        tls: _,
        proxy: _,
        healthcheck: _,
    } = courier;
    let other = &new.courier;
    let mode = discriminant(&settings.rules.mode) == discriminant(&other.settings.rules.mode);
    let is_same_endpoint =
        *endpoint == other.endpoint && *is_endpoint_written == other.is_endpoint_written;
    [
        ("inputs", *inputs == new.inputs),
        ("mode", mode),
        ("endpoint", is_same_endpoint),
        ("acknowledgements", *acknowledgements == other.acknowledgements),
        ("dead_letter.path", *dead_letter == other.dead_letter),
        // A buffer in memory is the window, which can.
        ("buffer", *disk_buffer == other.disk_buffer),
        ("journal", *journal == other.journal),
    ]
}

fn is_same_source(old: &Source, new: &Source) -> bool {
    let Source { kind, max_line_bytes, line: _ } = old;
    *kind == new.kind && *max_line_bytes == new.max_line_bytes
}

fn is_same_emulator(old: Option<&EmulatorConfig>, new: Option<&EmulatorConfig>) -> bool {
    let (Some(old), Some(new)) = (old, new) else { return old.is_none() && new.is_none() };
    let EmulatorConfig { address, api_key, unknown_profile, seed, limits, faults } = old;
    let key = |key: &Option<SecretString>| key.as_ref().map(|it| it.expose_secret().to_owned());
    (*address, *unknown_profile, *seed) == (new.address, new.unknown_profile, new.seed)
        && key(api_key) == key(&new.api_key)
        && *limits == new.limits
        && *faults == new.faults
}
