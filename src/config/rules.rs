//! What events mean to a sink: mode and mapping, `integrations`, `consent`.

use std::collections::BTreeMap;

use super::automation;
use super::block::Block;
use super::item::Item;
use crate::event::EventType;
use crate::plan::{
    Consent, ConsentStrategy, Direct, Inline, Integrations, Mode, NullTraits, Ordering, Rules,
    TenantRule, Traits, Unmapped,
};

/// What only direct mode has.
const DIRECT_ONLY: [&str; 9] = [
    "traits",
    "null_traits",
    "rename",
    "context_attributes",
    "anonymous_fallback",
    "unmapped",
    "tenant_write",
    "announce",
    "automations",
];

#[derive(Clone, Copy)]
enum ModeName {
    Direct,
    Inbound,
}

/// The rules, flat in the sink's block.
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `mode` | `direct` or `inbound` | `direct` | profiles, tenants and automations by their own endpoints |
/// | `integrations` | `strict` or `ignore` | `strict` | RudderStack obeys `integrations` too |
/// | `consent` | table | none | as in RudderStack, off unless configured |
/// | `inline` | `allow`, `template` or `ignore` | `allow` | as RudderStack's own destination trusts payloads |
/// | `ordering` | `user` or `none` | `user` | what is written last must stay |
pub(super) fn read(block: &mut Block<'_>, name: &str) -> Rules {
    Rules {
        sink: name.into(),
        mode: mode(block),
        integrations: block.choice(
            "integrations",
            &[("strict", Integrations::Strict), ("ignore", Integrations::Ignore)],
        ),
        consent: block.take("consent").and_then(|item| item.table(consent)).flatten(),
        inline: block.choice(
            "inline",
            &[("allow", Inline::Allow), ("template", Inline::Template), ("ignore", Inline::Ignore)],
        ),
        ordering: block.choice("ordering", &[("user", Ordering::User), ("none", Ordering::None)]),
    }
}

fn mode(block: &mut Block<'_>) -> Mode {
    let mode = match block.take("mode") {
        None => Some(ModeName::Direct),
        Some(item) => item.choice(&[("direct", ModeName::Direct), ("inbound", ModeName::Inbound)]),
    };
    let refuse = |item: Item<'_>, mode: &str, other: &str| {
        item.refuse_with(
            format!("does nothing with `mode = \"{mode}\"`"),
            format!("remove it or set `mode = \"{other}\"`"),
        );
    };
    match mode {
        Some(ModeName::Direct) => {
            if let Some(item) = block.take("inbound_group") {
                refuse(item, "direct", "inbound");
            }
            Mode::Direct(Box::new(direct(block)))
        }
        Some(ModeName::Inbound) => {
            for item in DIRECT_ONLY.into_iter().filter_map(|name| block.take(name)) {
                refuse(item, "inbound", "direct");
            }
            inbound(block)
        }
        // Which of the others does nothing is not known then; that they are right in themselves still is.
        None => {
            direct(block);
            inbound(block)
        }
    }
}

/// `inbound_group`: whether group events are sent. Default true: Courier documents them, though RudderStack's own
/// destination refuses them.
fn inbound(block: &mut Block<'_>) -> Mode {
    Mode::Inbound { group: block.flag("inbound_group", true) }
}

/// Direct mode's own options.
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `traits` | `verbatim` or `custom` | `verbatim` | templates find traits where they were |
/// | `null_traits` | `drop` or `delete` | `drop` | a `null` to Courier removes the attribute |
/// | `rename` | table of strings | none | |
/// | `context_attributes` | boolean | false | a browser's language would overwrite a chosen one |
/// | `anonymous_fallback` | boolean | false | profiles of visitors nobody can be reached by |
/// | `unmapped` | `inbound_rudderstack`, `inbound_courier` or `skip` | `inbound_rudderstack` | automations linked in Studio keep firing |
/// | `tenant_write` | `merge`, `replace`, `create_only` or `skip` | `merge` | Courier's PUT replaces what it is not told |
/// | `announce` | list of `identify`, `track`, `group` | none | costs a second request an event |
/// | `automations` | list of tables | none | see `automation` |
fn direct(block: &mut Block<'_>) -> Direct {
    Direct {
        traits: block
            .choice("traits", &[("verbatim", Traits::Verbatim), ("custom", Traits::Custom)]),
        null_traits: block
            .choice("null_traits", &[("drop", NullTraits::Drop), ("delete", NullTraits::Delete)]),
        rename: block.table("rename", rename),
        context_attributes: block.flag("context_attributes", false),
        anonymous_fallback: block.flag("anonymous_fallback", false),
        unmapped: block.choice(
            "unmapped",
            &[
                ("inbound_rudderstack", Unmapped::InboundRudderStack),
                ("inbound_courier", Unmapped::InboundCourier),
                ("skip", Unmapped::Skip),
            ],
        ),
        tenant_write: block.choice(
            "tenant_write",
            &[
                ("merge", TenantRule::Merge),
                ("replace", TenantRule::Replace),
                ("create_only", TenantRule::CreateOnly),
                ("skip", TenantRule::Skip),
            ],
        ),
        announce: announce(block),
        automations: automation::read(block),
    }
}

fn rename(block: &mut Block<'_>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (trait_name, item) in block.take_all() {
        if trait_name.is_empty() {
            item.refuse("the name of a trait must not be empty");
        } else if let Some(name) = item.text() {
            names.insert(trait_name, name);
        }
    }
    names
}

fn announce(block: &mut Block<'_>) -> Vec<EventType> {
    let mut kinds = Vec::new();
    let items = block.take("announce").and_then(Item::elements);
    for item in items.unwrap_or_default() {
        let kind = item.choice(&[
            ("identify", EventType::Identify),
            ("track", EventType::Track),
            ("group", EventType::Group),
        ]);
        let Some(kind) = kind else { continue };
        if kinds.contains(&kind) {
            item.refuse("is there twice");
        } else {
            kinds.push(kind);
        }
    }
    kinds
}

/// `[consent]`
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `provider` | `oneTrust`, `ketch`, `iubenda` or `custom` | required | the providers RudderStack knows |
/// | `ids` | list of strings | required | |
/// | `strategy` | `and` or `or`, only with `custom` | `and` | other providers' events say it themselves |
fn consent(block: &mut Block<'_>) -> Option<Consent> {
    const PROVIDERS: [(&str, &str); 4] = [
        ("oneTrust", "oneTrust"),
        ("ketch", "ketch"),
        ("iubenda", "iubenda"),
        ("custom", "custom"),
    ];
    let provider = block
        .required("provider", "set it to the consent manager of your events")
        .and_then(|item| item.choice(&PROVIDERS));
    let ids =
        block.required("ids", "list the consents that Courier needs").and_then(Item::some_texts);
    let mut strategy = ConsentStrategy::default();
    if let Some(item) = block.take("strategy") {
        match provider {
            Some("custom") | None => {
                let choices = [("and", ConsentStrategy::And), ("or", ConsentStrategy::Or)];
                strategy = item.choice(&choices).unwrap_or_default();
            }
            Some(_) => item.refuse_with(
                "does nothing unless `provider = \"custom\"`",
                "remove it: the events of other providers say it themselves",
            ),
        }
    }
    Some(Consent { provider: provider?.to_owned(), ids: ids?, strategy })
}
