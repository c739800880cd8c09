//! When a configuration is loaded again: at each SIGHUP, and, where that is wanted, when a file of it has changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{certificates, refused};
use crate::config::Config;
use crate::runner::watch::Watch;

type Load = Arc<dyn Fn() -> Result<Config, String> + Send + Sync>;

struct Arrivals {
    hangups: BoxStream<'static, ()>,
    /// The configuration's own path, if files are looked at
    path: Option<PathBuf>,
    load: Load,
    has_changed: Arc<Notify>,
    /// Those that look at files
    looking: JoinSet<()>,
}

/// Configurations as they come: `load` is called, and may block, at each of `hangups`; with `path`, that of the
/// configuration, also when that file or a certificate file it names has changed, within a second. What cannot be loaded is
/// told in the log and passed over. `config` is the one that was loaded first.
pub fn reloads(
    hangups: BoxStream<'static, ()>,
    path: Option<PathBuf>,
    config: &Config,
    load: impl Fn() -> Result<Config, String> + Send + Sync + 'static,
) -> BoxStream<'static, Config> {
    let watches = watches(path.as_deref(), config);
    let arrivals = Arrivals {
        hangups,
        path,
        load: Arc::new(load),
        has_changed: Arc::default(),
        looking: JoinSet::new(),
    };
    stream::unfold((arrivals, watches), |(mut arrivals, watches)| async move {
        arrivals.look_at(watches);
        let (config, watches) = arrivals.next().await?;
        Some((config, (arrivals, watches)))
    })
    .boxed()
}

impl Arrivals {
    fn look_at(&mut self, watches: Vec<Watch>) {
        self.looking.abort_all();
        for watch in watches {
            let has_changed = Arc::clone(&self.has_changed);
            self.looking.spawn(watch.follow(move || has_changed.notify_one()));
        }
    }

    /// The next one that can be loaded, and what to look at from then on, as it was before it was read.
    async fn next(&mut self) -> Option<(Config, Vec<Watch>)> {
        let mut has_hangups = true;
        loop {
            if !has_hangups && self.path.is_none() {
                return None;
            }
            tokio::select! {
                hangup = self.hangups.next(), if has_hangups => {
                    has_hangups = hangup.is_some();
                    if !has_hangups {
                        continue;
                    }
                }
                () = self.has_changed.notified() => {}
            }
            let (load, path) = (Arc::clone(&self.load), self.path.clone());
            let loaded = tokio::task::spawn_blocking(move || {
                let own = path.as_deref().map(Watch::new);
                load().map(|config| {
                    // The configuration's own stamp is from before it was read.
                    let mut watches = certificate_watches(path.as_deref(), &config);
                    watches.extend(own);
                    (config, watches)
                })
            });
            // A panic was printed, or the runtime is going.
            match loaded.await.ok()? {
                Ok(loaded) => return Some(loaded),
                Err(wrong) => refused(&wrong),
            }
        }
    }
}

fn watches(path: Option<&Path>, config: &Config) -> Vec<Watch> {
    let mut watches = certificate_watches(path, config);
    watches.extend(path.map(Watch::new));
    watches
}

fn certificate_watches(path: Option<&Path>, config: &Config) -> Vec<Watch> {
    if path.is_none() {
        return Vec::new();
    }
    let sinks = config.sinks.values();
    sinks.flat_map(|sink| certificates(&sink.courier.tls)).map(|path| Watch::new(path)).collect()
}
