//! What is left out of a plan since the event's writer, or the rules, do not go so far: told to people.

use std::fmt;

use super::{Inline, Rules, inline};
use crate::event::{Event, Trust};
use crate::json::Members;

/// What of an event's own automation is not believed, and why. `Display` says both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IgnoredInline {
    /// Whether it brings steps
    pub steps: bool,
    /// Whether it names a stored automation, and is not trusted that far
    pub template: bool,
    /// How far its writer is trusted; if at all, [`IgnoredInline::inline`] decides
    pub writer: Trust,
    /// What the rules say
    pub inline: Inline,
}

impl fmt::Display for IgnoredInline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (self.steps, self.template) {
            (true, true) => "`steps` and `template`",
            (true, false) => "`steps`",
            (false, _) => "`template`",
        };
        write!(f, "{what} of properties.courier.automation: ")?;
        match self.writer {
            Trust::Trusted => write!(f, "the option is `inline = \"{}\"`", self.inline),
            Trust::Untrusted => f.write_str("its writer is not trusted, whatever `inline` says"),
        }
    }
}

/// What the event brings that is not trusted.
pub(super) fn ignored(event: &Event, rules: &Rules) -> Option<IgnoredInline> {
    let trust = inline::trust(event, rules);
    if !inline::may_distrust(event.body.as_str(), trust) {
        return None;
    }
    let (writer, inline) = (event.trust, rules.inline);
    let mut ignored = IgnoredInline { steps: false, template: false, writer, inline };
    // As where it is taken out: every repetition of a name.
    each(event.body.as_str(), "properties", &mut |properties| {
        each(properties, "courier", &mut |courier| {
            each(courier, "automation", &mut |automation| {
                for (name, _) in Members::of(automation).iter() {
                    let is_distrusted = inline::is_distrusted(name, trust);
                    ignored.steps |= is_distrusted && name == "steps";
                    ignored.template |= is_distrusted && name == "template";
                }
            });
        });
    });
    (ignored.steps || ignored.template).then_some(ignored)
}

/// Gives each member of the object that is called `name` to `look`.
fn each(object: &str, name: &str, look: &mut dyn FnMut(&str)) {
    for (_, value) in Members::of(object).iter().filter(|(key, _)| *key == name) {
        look(value);
    }
}
