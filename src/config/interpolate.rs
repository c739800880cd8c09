//! Variables inside string values: `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, and `$$` for a dollar sign.
//!
//! Replaced after parsing, so that no value can change the structure of a configuration. It does not know where values
//! come from.

use std::borrow::Cow;

/// Why a variable cannot be replaced. Its value is never repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum VariableError {
    /// `${` without `}`
    #[error("`${{` is not closed")]
    Unclosed,
    /// `${}`, `${a b}`, `${VAR-default}`
    #[error("`${{{0}}}` is not a variable")]
    Malformed(String),
    /// Not set, and no default
    #[error("the environment variable `{0}` is not set")]
    Missing(String),
    /// `${VAR:?message}` of a variable that is not set, or empty
    #[error("the environment variable `{name}` is not set: {message}")]
    Demanded { name: String, message: String },
    /// CR or LF in the value
    #[error("the value of the environment variable `{0}` holds a line break")]
    LineBreak(String),
}

impl VariableError {
    /// What to do about it.
    pub(super) fn remedy(&self) -> Option<String> {
        const LITERAL: &str = "write `$$` where a dollar sign is meant";
        match self {
            Self::Unclosed => Some(LITERAL.to_owned()),
            Self::Malformed(_) => Some(format!(
                "use `${{VAR}}`, `${{VAR:-default}}` or `${{VAR:?message}}`, or {LITERAL}"
            )),
            Self::Missing(name) => {
                Some(format!("set it, give a default with `${{{name}:-default}}`, or {LITERAL}"))
            }
            Self::Demanded { .. } | Self::LineBreak(_) => None,
        }
    }
}

/// `text` with its variables replaced by what `environment` knows of them.
pub(super) fn interpolate<'a>(
    text: &'a str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Cow<'a, str>, VariableError> {
    if !text.contains('$') {
        return Ok(Cow::Borrowed(text));
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            result.push('$');
            rest = after;
        } else if let Some(inner) = after.strip_prefix('{') {
            let (inner, after) = inner.split_once('}').ok_or(VariableError::Unclosed)?;
            result.push_str(&variable(inner, environment)?);
            rest = after;
        } else {
            result.push('$');
            rest = after;
        }
    }
    result.push_str(rest);
    Ok(Cow::Owned(result))
}

fn variable(
    inner: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<String, VariableError> {
    let (name, otherwise) = match inner.split_once(':') {
        None => (inner, None),
        Some((name, otherwise)) => (name, Some(otherwise)),
    };
    // Vector's name characters.
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(VariableError::Malformed(inner.to_owned()));
    }
    let value = environment(name);
    if value.as_ref().is_some_and(|it| it.contains(['\r', '\n'])) {
        return Err(VariableError::LineBreak(name.to_owned()));
    }
    let Some(otherwise) = otherwise else {
        return value.ok_or_else(|| VariableError::Missing(name.to_owned()));
    };
    // As in a shell, `:` counts an empty variable as not set.
    let value = value.filter(|value| !value.is_empty());
    if let Some(default) = otherwise.strip_prefix('-') {
        return Ok(value.unwrap_or_else(|| default.to_owned()));
    }
    let message =
        otherwise.strip_prefix('?').ok_or_else(|| VariableError::Malformed(inner.to_owned()))?;
    value.ok_or_else(|| VariableError::Demanded {
        name: name.to_owned(),
        message: message.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<String, String> {
        let environment = |name: &str| match name {
            "KEY" => Some("${X}$$".to_owned()),
            "a.b" => Some("dotted".to_owned()),
            "EMPTY" => Some(String::new()),
            "LINES" => Some("a\nsecret".to_owned()),
            _ => None,
        };
        interpolate(text, &environment).map(Cow::into_owned).map_err(|error| error.to_string())
    }

    #[test]
    fn variables_are_replaced_once_and_dollars_escaped() {
        for (text, value) in [
            ("plain", "plain"),
            ("a ${KEY} b", "a ${X}$$ b"),
            ("${a.b}${EMPTY}", "dotted"),
            ("${NONE:-default:-x}", "default:-x"),
            ("${EMPTY:-d}${NONE:-}", "d"),
            ("${KEY:?m}", "${X}$$"),
            ("$${KEY} $$$$ $5 $", "${KEY} $$ $5 $"),
            ("ü${a.b}ü", "üdottedü"),
        ] {
            assert_eq!(check(text).as_deref(), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_replaced_is_named_without_its_value() {
        for (text, error) in [
            ("${NONE}", "the environment variable `NONE` is not set"),
            ("${EMPTY:?give it}", "the environment variable `EMPTY` is not set: give it"),
            ("${LINES:-x}", "the value of the environment variable `LINES` holds a line break"),
            ("${KEY", "`${` is not closed"),
            ("${}", "`${}` is not a variable"),
            ("${KEY-x}", "`${KEY-x}` is not a variable"),
            ("${KEY:x}", "`${KEY:x}` is not a variable"),
        ] {
            assert_eq!(check(text).unwrap_err(), error, "{text}");
        }
    }
}
