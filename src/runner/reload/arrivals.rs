//! When a configuration is loaded again: at each SIGHUP, and, where that is wanted, when a file of it has changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{PANICKED, certificates, refused};
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

/// Configurations as they come: `load` is called, and may block, at each of `hangups`; with `watch`, which is of the
/// configuration's file and was made before that was read, also when it or a certificate file it names has changed, within a
/// second. What cannot be loaded, be it for a panic, is told in the log and passed over. `config` is the one that was loaded
/// first.
pub fn reloads(
    hangups: BoxStream<'static, ()>,
    watch: Option<Watch>,
    config: &Config,
    load: impl Fn() -> Result<Config, String> + Send + Sync + 'static,
) -> BoxStream<'static, Config> {
    let path = watch.as_ref().map(|watch| watch.path().to_owned());
    let mut watches = certificate_watches(path.as_deref(), config);
    watches.extend(watch);
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
            match loaded.await {
                Ok(Ok(loaded)) => return Some(loaded),
                Ok(Err(wrong)) => refused(&wrong),
                Err(error) if error.is_panic() => refused(PANICKED),
                // The runtime is going.
                Err(_) => return None,
            }
        }
    }
}

fn certificate_watches(path: Option<&Path>, config: &Config) -> Vec<Watch> {
    if path.is_none() {
        return Vec::new();
    }
    let sinks = config.sinks.values();
    sinks.flat_map(|sink| certificates(&sink.courier.tls)).map(|path| Watch::new(path)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const CONFIG: &str = "[sources.in]\ntype = \"stdin\"\n[sinks.out]\ntype = \"courier\"\n\
                          inputs = [\"in\"]\napi_key = \"k\"\n";

    fn config() -> Config {
        Config::parse(CONFIG, "config.toml", &|_| None).unwrap()
    }

    /// Loads nothing but trouble at first: a panic, then a mistake.
    fn load() -> impl Fn() -> Result<Config, String> {
        let calls = AtomicUsize::new(0);
        move || match calls.fetch_add(1, Ordering::Relaxed) {
            0 => panic!("a panic that this test asks for"),
            1 => Err("a mistake".to_owned()),
            _ => Ok(config()),
        }
    }

    #[tokio::test]
    async fn a_panic_while_loading_is_passed_over_as_a_mistake_is() {
        let hangups = stream::iter([(); 4]).boxed();
        let configs = reloads(hangups, None, &config(), load());
        assert_eq!(configs.count().await, 2, "the last two of four");
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_while_the_first_configuration_is_read_is_not_missed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, CONFIG).unwrap();
        let watch = Watch::new(&path);
        // Here it is read for the first time, and then another is written.
        std::fs::write(&path, format!("{CONFIG}\n")).unwrap();
        let hangups = stream::pending().boxed();
        let mut configs = reloads(hangups, Some(watch), &config(), || Ok(config()));
        assert!(configs.next().await.is_some());
    }
}
