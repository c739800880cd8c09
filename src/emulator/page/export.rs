//! Links as mapping blocks of a sink, ready to paste: what Courier would start by itself, the sink then starts. Pure.

use super::super::state::{InboundKind, Link};
use crate::page::block;

/// One block for each link of RudderStack's events; those of other products never reach the sink.
pub(super) fn toml<'a>(links: impl Iterator<Item = &'a Link>) -> String {
    let links = links.filter(|link| link.source == InboundKind::RudderStack);
    let mut text = String::new();
    for Link { on, template, .. } in links {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&block("courier", on, template));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CourierConfig;
    use crate::plan::{Mode, Target};

    fn link(source: InboundKind, on: &str, template: &str) -> Link {
        Link { source, on: on.to_owned(), template: template.to_owned() }
    }

    #[test]
    fn what_is_exported_is_read_back_by_the_configuration() {
        let rough = "a \"b\" \\ ${HOME} $$ é\u{7f}\n#'''";
        let links = [
            link(InboundKind::RudderStack, &format!("track/{rough}"), rough),
            link(InboundKind::RudderStack, "identify", "welcome"),
            link(InboundKind::Segment, "group", "elsewhere"),
        ];
        let text = toml(links.iter());
        let block = text.replace("[[sinks.courier.automations]]", "[[automations]]");
        let block = format!("api_key = 'k'\n{block}");
        let read = CourierConfig::from_toml("courier", &block, &|_| None).expect("it is ours");
        let Mode::Direct(direct) = read.settings.rules.mode else {
            panic!("direct is the default");
        };
        let blocks: Vec<_> = direct
            .automations
            .iter()
            .map(|block| match &block.target {
                Target::Template(template) => (block.on.to_string(), template.as_str().to_owned()),
                other @ (Target::Journey(_) | Target::Steps(_)) => panic!("{other:?}"),
            })
            .collect();
        let expected = [
            (format!("track/{rough}"), rough.to_owned()),
            ("identify".to_owned(), "welcome".to_owned()),
        ];
        assert_eq!(blocks, expected);
    }
}
