//! Events, as RudderStack would send them.

pub(crate) fn identify(user: &str) -> String {
    format!(r#"{{"type":"identify","userId":"{user}","messageId":"{user}-i","traits":{{"a":1}}}}"#)
}

pub(crate) fn track(user: &str, name: &str) -> String {
    format!(r#"{{"type":"track","event":"{name}","userId":"{user}","messageId":"{user}-{name}"}}"#)
}

pub(crate) fn group(user: &str, group: &str) -> String {
    format!(
        r#"{{"type":"group","groupId":"{group}","userId":"{user}","messageId":"{user}-{group}"}}"#
    )
}

/// A track event that becomes `POST /automations/{template}/invoke`.
pub(crate) fn automate(user: &str, template: &str) -> String {
    format!(
        concat!(
            r#"{{"type":"track","event":"run","userId":"{user}","messageId":"{user}-{template}","#,
            r#""properties":{{"courier":{{"automation":{{"template":"{template}"}}}}}}}}"#
        ),
        user = user,
        template = template
    )
}

pub(crate) fn skipped() -> String {
    r#"{"type":"page","userId":"u","messageId":"p"}"#.to_owned()
}
