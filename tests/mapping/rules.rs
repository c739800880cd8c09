//! The options of a fixture to the rules of planning. Named as in a configuration file; all are optional.

use std::collections::BTreeMap;

use courier_sink::courier::TemplateId;
use courier_sink::event::{EventType, Trust};
use courier_sink::json::{Json, Path};
use courier_sink::plan::{
    Automation, Consent, ConsentStrategy, Data, Direct, Inline, Integrations, Mode, NullTraits,
    Ordering, Rules, Target, TenantRule, Traits, Trigger, Unmapped,
};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    sink: Option<String>,
    mode: Option<String>,
    group: Option<bool>,
    integrations: Option<String>,
    consent: Option<ConsentOptions>,
    inline: Option<String>,
    traits: Option<String>,
    null_traits: Option<String>,
    rename: BTreeMap<String, String>,
    context_attributes: bool,
    anonymous_fallback: bool,
    unmapped: Option<String>,
    tenant_write: Option<String>,
    announce: Vec<String>,
    automations: Vec<Block>,
    /// Whether the fixture names the keys' values, too
    pub(crate) exact_keys: bool,
    /// Where the record was read in a file, from its start
    pub(crate) offset: Option<u64>,
    /// Where `untrusted`, whoever wrote the record is not trusted
    writer: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsentOptions {
    provider: String,
    ids: Vec<String>,
    strategy: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    on: String,
    template: Option<String>,
    journey: Option<String>,
    steps: Option<Box<RawValue>>,
    #[serde(default)]
    only: bool,
    data: Option<String>,
    recipient: Option<String>,
    profile: Option<String>,
}

impl Options {
    pub(crate) fn trust(&self) -> Trust {
        match self.writer.as_deref() {
            None => Trust::Trusted,
            Some("untrusted") => Trust::Untrusted,
            Some(other) => panic!("writer {other}"),
        }
    }

    pub(crate) fn rules(&self) -> Rules {
        Rules {
            sink: self.sink.as_deref().unwrap_or("courier").into(),
            mode: match self.mode.as_deref() {
                None | Some("direct") => Mode::Direct(Box::new(self.direct())),
                Some("inbound") => Mode::Inbound { group: self.group.unwrap_or(true) },
                Some(other) => panic!("mode {other}"),
            },
            integrations: match self.integrations.as_deref() {
                None | Some("strict") => Integrations::Strict,
                Some("ignore") => Integrations::Ignore,
                Some(other) => panic!("integrations {other}"),
            },
            consent: self.consent.as_ref().map(ConsentOptions::consent),
            inline: match self.inline.as_deref() {
                None | Some("allow") => Inline::Allow,
                Some("template") => Inline::Template,
                Some("ignore") => Inline::Ignore,
                Some(other) => panic!("inline {other}"),
            },
            ordering: Ordering::default(),
        }
    }

    fn direct(&self) -> Direct {
        Direct {
            traits: match self.traits.as_deref() {
                None | Some("verbatim") => Traits::Verbatim,
                Some("custom") => Traits::Custom,
                Some(other) => panic!("traits {other}"),
            },
            null_traits: match self.null_traits.as_deref() {
                None | Some("drop") => NullTraits::Drop,
                Some("delete") => NullTraits::Delete,
                Some(other) => panic!("null_traits {other}"),
            },
            rename: self.rename.clone(),
            context_attributes: self.context_attributes,
            anonymous_fallback: self.anonymous_fallback,
            unmapped: match self.unmapped.as_deref() {
                None | Some("inbound_rudderstack") => Unmapped::InboundRudderStack,
                Some("inbound_courier") => Unmapped::InboundCourier,
                Some("skip") => Unmapped::Skip,
                Some(other) => panic!("unmapped {other}"),
            },
            tenant_write: match self.tenant_write.as_deref() {
                None | Some("merge") => TenantRule::Merge,
                Some("replace") => TenantRule::Replace,
                Some("create_only") => TenantRule::CreateOnly,
                Some("skip") => TenantRule::Skip,
                Some(other) => panic!("tenant_write {other}"),
            },
            announce: self.announce.iter().map(|it| EventType::parse(it)).collect(),
            automations: self.automations.iter().map(Block::automation).collect(),
        }
    }
}

impl ConsentOptions {
    fn consent(&self) -> Consent {
        Consent {
            provider: self.provider.clone(),
            ids: self.ids.clone(),
            strategy: match self.strategy.as_deref() {
                None | Some("and") => ConsentStrategy::And,
                Some("or") => ConsentStrategy::Or,
                Some(other) => panic!("strategy {other}"),
            },
        }
    }
}

impl Block {
    fn automation(&self) -> Automation {
        let (kind, name) = match self.on.split_once('/') {
            Some((kind, name)) => (kind, Some(name.to_owned())),
            None => (&*self.on, None),
        };
        let id = |text: &String| TemplateId::new(text).unwrap();
        let path = |text: &Option<String>| text.as_ref().map(|it| it.parse::<Path>().unwrap());
        let steps = |it: &RawValue| Json::parse(&it.get().to_owned().into()).unwrap();
        Automation {
            on: Trigger { kind: EventType::parse(kind), name },
            target: match (&self.template, &self.journey, &self.steps) {
                (Some(it), None, None) => Target::Template(id(it)),
                (None, Some(it), None) => Target::Journey(id(it)),
                (None, None, Some(it)) => Target::Steps(steps(it)),
                _ => panic!("a block has one target"),
            },
            only: self.only,
            data: self.data.as_ref().map_or(Data::Usual, |it| it.parse().unwrap()),
            recipient: path(&self.recipient),
            profile: path(&self.profile),
        }
    }
}
