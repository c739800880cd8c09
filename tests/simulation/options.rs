//! The settings of one run, drawn by lot and written as an operator would, so that a new option is a new line here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use courier_sink::config::CourierConfig;
use courier_sink::courier::Class;
use courier_sink::sink::Settings;
use fastrand::Rng;

use crate::strategy::Strategy;

/// Longer than anything is kept waiting here.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// What the invariants must know of the settings.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) window: usize,
    /// At most; found out by the sink itself where `is_adaptive`
    pub(crate) concurrency: usize,
    pub(crate) is_adaptive: bool,
    pub(crate) rate: Option<Rate>,
    pub(crate) class_rates: BTreeMap<Class, Rate>,
    pub(crate) adaptive_rate: Option<AdaptiveRate>,
    pub(crate) batch_timeout: Duration,
    /// Repetitions; `None` for no limit
    pub(crate) attempts: Option<usize>,
    pub(crate) initial_backoff: Duration,
    pub(crate) max_backoff: Duration,
    pub(crate) retry_after_max: Duration,
    /// Which answers are followed by another attempt
    pub(crate) strategy: Strategy,
    /// Whether those who wait behind a Rejected event are Rejected as well
    pub(crate) rejects_followers: bool,
    /// How long the head of a lane may keep others waiting
    pub(crate) max_wait: Duration,
    /// How old events may become, counted from their `receivedAt`
    pub(crate) expires_after: Option<Duration>,
    /// All of it, in TOML
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) limit: u32,
    pub(crate) per: Duration,
    pub(crate) burst: u32,
}

/// Attempts a second of each class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdaptiveRate {
    pub(crate) floor: u32,
    pub(crate) ceiling: u32,
}

fn one<'a>(chance: &mut Rng, choices: &[&'a str]) -> &'a str {
    choices[chance.usize(..choices.len())]
}

fn millis(chance: &mut Rng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(chance.u64(range))
}

impl Options {
    pub(crate) fn draw(chance: &mut Rng) -> Self {
        let initial_backoff = millis(chance, 50..1_500);
        let mut options = Self {
            window: chance.usize(1..40),
            concurrency: chance.usize(1..7),
            is_adaptive: chance.u8(..3) == 0,
            rate: (chance.u8(..5) < 3).then(|| Rate::draw(chance)),
            class_rates: class_rates(chance),
            adaptive_rate: (chance.u8(..4) == 0).then(|| {
                let floor = chance.u32(1..4);
                AdaptiveRate { floor, ceiling: floor + chance.u32(..40) }
            }),
            batch_timeout: millis(chance, 1..500),
            attempts: chance.bool().then(|| chance.usize(..5)),
            initial_backoff,
            max_backoff: initial_backoff + millis(chance, 0..10_000),
            retry_after_max: millis(chance, 1_000..60_000),
            strategy: Strategy::Default,
            rejects_followers: chance.u8(..3) == 0,
            max_wait: if chance.u8(..3) > 0 { HOUR } else { millis(chance, 3_000..40_000) },
            expires_after: None,
            text: String::new(),
        };
        options.text = options.flow(chance) + &options.order(chance) + &rules(chance);
        options
    }

    /// In some runs events become too old. Drawn apart, so that everything else stays as it is without.
    pub(crate) fn with_expiry(self, chance: &mut Rng) -> Self {
        if chance.u8(..3) > 0 {
            return self;
        }
        let limit = Duration::from_millis(chance.u64(20_000..150_000));
        let text = format!("expires_after_secs = {}\n{}", limit.as_secs_f64(), self.text);
        Self { expires_after: Some(limit), text, ..self }
    }

    /// In some runs something else is repeated than by default. Drawn apart, for the same reason.
    pub(crate) fn with_strategy(self, chance: &mut Rng) -> Self {
        let strategy = Strategy::draw(chance, self.attempts.is_some());
        Self { text: strategy.text() + &self.text, strategy, ..self }
    }

    pub(crate) fn settings(&self) -> Settings {
        let config = CourierConfig::from_toml("simulated", &self.text, &|_| None);
        config.expect("the options drawn are right").settings
    }

    fn flow(&self, chance: &mut Rng) -> String {
        let mut text = String::from("api_key = 'pk_test'\n");
        let mut set = |name: &str, value: &dyn std::fmt::Display| {
            writeln!(text, "{name} = {value}").expect("a string takes everything");
        };
        set("buffer.max_events", &self.window);
        if chance.bool() {
            set("batch.max_events", &chance.usize(1..6));
        }
        set("batch.timeout_secs", &self.batch_timeout.as_secs_f64());
        if self.is_adaptive {
            set("request.adaptive_concurrency.max_concurrency_limit", &self.concurrency);
            let initial = chance.usize(1..=self.concurrency);
            set("request.adaptive_concurrency.initial_concurrency", &initial);
        } else {
            set("request.concurrency", &self.concurrency);
        }
        let total = self.rate.map(|rate| (String::new(), rate));
        let classes = self.class_rates.iter();
        let classes = classes.map(|(class, rate)| (format!("classes.{}.", class.as_str()), *rate));
        for (place, rate) in total.into_iter().chain(classes) {
            set(&format!("request.{place}rate_limit_num"), &rate.limit);
            set(&format!("request.{place}rate_limit_duration_secs"), &rate.per.as_secs_f64());
            set(&format!("request.{place}rate_limit_burst"), &rate.burst);
        }
        if let Some(AdaptiveRate { floor, ceiling }) = self.adaptive_rate {
            set("request.rate_limit", &"'adaptive'");
            set("request.adaptive_rate.floor_per_second", &floor);
            set("request.adaptive_rate.ceiling_per_second", &ceiling);
            let initial = chance.u32(floor..=ceiling);
            set("request.adaptive_rate.initial_per_second", &initial);
        }
        set("request.timeout_secs", &chance.u8(2..6));
        if let Some(attempts) = self.attempts {
            set("request.retry_attempts", &attempts);
        }
        set("request.retry_initial_backoff_secs", &self.initial_backoff.as_secs_f64());
        set("request.retry_max_duration_secs", &self.max_backoff.as_secs_f64());
        set("request.retry_jitter_mode", &one(chance, &["'Full'", "'None'"]));
        set("request.retry_after_max_secs", &self.retry_after_max.as_secs_f64());
        set("request.hold_probe_secs", &chance.u8(1..11));
        text
    }

    fn order(&self, chance: &mut Rng) -> String {
        let mut text = format!("ordering = {}\n", one(chance, &["'user'", "'user'", "'none'"]));
        let max_wait = self.max_wait.as_secs_f64();
        writeln!(text, "ordering_max_wait_secs = {max_wait}").expect("a string takes everything");
        if self.rejects_followers {
            text += "on_rejected = 'dead_letter_followers'\n";
        }
        text
    }

    /// The longest wait before repetition number `retry`, from 0.
    pub(crate) fn longest_backoff(&self, retry: usize, asked: Option<Duration>) -> Duration {
        let doublings = u32::try_from(retry).unwrap_or(u32::MAX).min(31);
        let backoff = self.initial_backoff.saturating_mul(1 << doublings).min(self.max_backoff);
        backoff.max(asked.unwrap_or_default().min(self.retry_after_max))
    }
}

impl Rate {
    fn draw(chance: &mut Rng) -> Self {
        let limit = chance.u32(1..20);
        let burst = chance.u32(1..=limit.min(6));
        Self { limit, per: millis(chance, 500..4_000), burst }
    }
}

fn class_rates(chance: &mut Rng) -> BTreeMap<Class, Rate> {
    let mut rates = BTreeMap::new();
    if chance.u8(..3) == 0 {
        for class in Class::ALL {
            if chance.bool() {
                rates.insert(class, Rate::draw(chance));
            }
        }
    }
    rates
}

fn rules(chance: &mut Rng) -> String {
    if chance.u8(..8) == 0 {
        return "mode = 'inbound'\n".to_owned();
    }
    let writes = ["'merge'", "'merge'", "'replace'", "'create_only'", "'skip'"];
    let unmapped = ["'inbound_rudderstack'", "'inbound_courier'", "'skip'"];
    let announce = ["[]", "[]", "['identify']", "['identify', 'track', 'group']"];
    let mut text = format!(
        "tenant_write = {}\nunmapped = {}\nannounce = {}\nanonymous_fallback = {}\n",
        one(chance, &writes),
        one(chance, &unmapped),
        one(chance, &announce),
        chance.bool(),
    );
    if chance.u8(..4) == 0 {
        text += "[[automations]]\non = 'identify'\ntemplate = 'welcome'\n";
    }
    if chance.u8(..4) == 0 {
        text += "[[automations]]\non = 'group'\njourney = 'joined'\n";
    }
    text + concat!(
        "[[automations]]\non = 'track/mapped'\ntemplate = 'first'\n",
        "[[automations]]\non = 'track/travelled'\njourney = 'second'\n",
        "[[automations]]\non = 'track/both'\nsteps = [{ action = 'cancel' }]\n",
        "[[automations]]\non = 'track/both'\ntemplate = 'third'\n",
    )
}
