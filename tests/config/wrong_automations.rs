//! Mapping blocks and consent.

use crate::wrong;

#[test]
fn consent_has_a_known_provider_and_ids() {
    wrong(
        "consent = { provider = \"onetrust\", ids = [] }",
        &[
            "8:13: sinks.out.consent.provider: expected `oneTrust`, `ketch`, `iubenda` or `custom`, \
             was the string \"onetrust\", did you mean `oneTrust`?",
            "8:36: sinks.out.consent.ids: must not be empty",
        ],
    );
    wrong(
        "consent = { provider = \"ketch\", ids = [\"a\", \"a\", \"\", 1], strategy = \"or\" }",
        &[
            "8:45: sinks.out.consent.ids[1]: is there twice",
            "8:50: sinks.out.consent.ids[2]: must not be empty",
            "8:54: sinks.out.consent.ids[3]: expected a string, was the integer 1",
            "8:58: sinks.out.consent.strategy: does nothing unless `provider = \"custom\"`, \
             remove it: the events of other providers say it themselves",
        ],
    );
    wrong(
        "consent = {}",
        &[
            "8:1: sinks.out.consent.provider: is missing, \
             set it to the consent manager of your events",
            "8:1: sinks.out.consent.ids: is missing, list the consents that Courier needs",
        ],
    );
}

#[test]
fn mapping_blocks_say_when() {
    for (lines, said) in [
        (
            "template = \"a\"",
            "8:1: sinks.out.automations[0].on: is missing, \
             set it to `track/NAME` or to a type such as `identify`",
        ),
        (
            "on = \"trakc/x\"\ntemplate = \"a\"",
            "9:1: sinks.out.automations[0].on: unknown event type, did you mean `track`?",
        ),
        (
            "on = \"purchase\"\ntemplate = \"a\"",
            "9:1: sinks.out.automations[0].on: unknown event type, known: `identify`, `track`, \
             `group`, `page`, `screen`, `alias`, `merge`, `record` or `audiencelist`",
        ),
        (
            "on = \"track/\"\ntemplate = \"a\"",
            "9:1: sinks.out.automations[0].on: names no event, write `track` for all of them",
        ),
        (
            "on = \"identify/x\"\ntemplate = \"a\"",
            "9:1: sinks.out.automations[0].on: only track events are told apart by name, \
             write `identify`",
        ),
    ] {
        wrong(&format!("[[sinks.out.automations]]\n{lines}"), &[said]);
    }
}

#[test]
fn mapping_blocks_say_what_they_start() {
    for (lines, said) in [
        (
            "on = \"group\"",
            "8:1: sinks.out.automations[0]: starts nothing, \
             set one of `template`, `journey` and `steps`",
        ),
        (
            "on = \"track\"\njourney = \"a\"\ntemplate = \"b\"",
            "10:1: sinks.out.automations[0].journey: a block starts one thing only, keep one of \
             `template`, `journey` and `steps`, and write another block for another",
        ),
        (
            "on = \"page\"\ntemplate = \"a\"\nonly = true",
            "11:1: sinks.out.automations[0].only: does nothing, \
             since page events write nothing of their own, remove it",
        ),
        (
            "on = \"track\"\ntemplate = \"..\"",
            "10:1: sinks.out.automations[0].template: must not be `.` or `..`, \
             which a URL cannot carry as an id",
        ),
        (
            "on = \"track\"\ntemplate = \"a\"\ndata = \"a..b\"",
            "11:1: sinks.out.automations[0].data: not a path such as `properties.items[0].id`: \
             a name is empty",
        ),
        (
            "on = \"track\"\nsteps = []",
            "10:1: sinks.out.automations[0].steps: must hold at least one step",
        ),
    ] {
        wrong(&format!("[[sinks.out.automations]]\n{lines}"), &[said]);
    }
}

#[test]
fn every_mistake_in_a_block_s_steps_is_found() {
    wrong(
        "[[sinks.out.automations]]\non = \"track\"\n\
         steps = [{ a = nan, b = [\"${A\"] }, 5, { c = { d = \"${B\" } }]",
        &[
            "10:12: sinks.out.automations[0].steps[0].a: expected a number that JSON has, \
             was the float NaN",
            "10:26: sinks.out.automations[0].steps[0].b[0]: `${` is not closed, \
             write `$$` where a dollar sign is meant",
            "10:36: sinks.out.automations[0].steps[1]: expected a table, was the integer 5",
            "10:47: sinks.out.automations[0].steps[2].c.d: `${` is not closed, \
             write `$$` where a dollar sign is meant",
        ],
    );
}
