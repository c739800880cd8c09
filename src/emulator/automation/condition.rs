//! The `if` of a step. Courier documents "a boolean expression" and no grammar, so this is what can be meant in one way only:
//! a value that is `true` or `false`, and two values with a comparison between them.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::context::Context;
use super::resolve::is_path;

/// Whether a step is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Holds,
    Fails,
    /// It is no expression that has a meaning here.
    NotEvaluated,
}

/// Longer ones first, since the shorter begin them.
const OPERATORS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];

/// What an `if` says, from how it is written and what its references gave.
pub(super) fn judge(written: &Value, resolved: &Value, context: &Context) -> Condition {
    let of = |holds| if holds { Condition::Holds } else { Condition::Fails };
    match resolved {
        // None is written; a reference that leads nowhere says nothing.
        Value::Null if written.is_null() => Condition::Holds,
        Value::Null => Condition::NotEvaluated,
        Value::Bool(holds) => of(*holds),
        Value::String(text) if text == "true" || text == "false" => of(text == "true"),
        Value::String(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            let compared = written.as_str().and_then(|text| compared(text, context));
            compared.map_or(Condition::NotEvaluated, of)
        }
    }
}

fn compared(text: &str, context: &Context) -> Option<bool> {
    let at = outside_quotes(text).find(|at| {
        let rest = text.get(*at..).unwrap_or_default();
        OPERATORS.iter().any(|operator| rest.starts_with(operator))
    })?;
    let (left, rest) = text.split_at_checked(at)?;
    let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator))?;
    let (left, right) = (operand(left, context)?, operand(rest.get(operator.len()..)?, context)?);
    match operator {
        "==" => Some(is_equal(&left, &right)),
        "!=" => Some(!is_equal(&left, &right)),
        "<" => order(&left, &right).map(Ordering::is_lt),
        ">" => order(&left, &right).map(Ordering::is_gt),
        "<=" => order(&left, &right).map(Ordering::is_le),
        _ => order(&left, &right).map(Ordering::is_ge),
    }
}

/// Places of a text that no quotes enclose.
fn outside_quotes(text: &str) -> impl Iterator<Item = usize> {
    let mut open = None;
    text.char_indices().filter_map(move |(at, character)| {
        match (open, character) {
            (Some(quote), _) if quote == character => open = None,
            (None, '\'' | '"') => open = Some(character),
            (None, _) => return Some(at),
            (Some(_), _) => {}
        }
        None
    })
}

/// A number, `true`, `false`, `null`, a text in quotes, `refs.x.y` or `${x.y}`; a reference that leads nowhere is null.
fn operand<'a>(text: &str, context: &'a Context) -> Option<Cow<'a, Value>> {
    let text = text.trim();
    let inner = |start: &str, end: &str| {
        let inner = text.strip_prefix(start)?.strip_suffix(end)?;
        (!inner.contains(['\'', '"', '{', '}'])).then_some(inner)
    };
    if let Some(quoted) = inner("'", "'").or_else(|| inner("\"", "\"")) {
        return Some(Cow::Owned(Value::from(quoted)));
    }
    if let Some(path) = inner("${", "}").or_else(|| is_path(text).then_some(text)) {
        return Some(context.at(path).map_or(Cow::Owned(Value::Null), Cow::Borrowed));
    }
    let literal: Value = serde_json::from_str(text).ok()?;
    (!literal.is_array() && !literal.is_object()).then_some(Cow::Owned(literal))
}

fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            numbers(left, right) == Some(Ordering::Equal)
        }
        _ => left == right,
    }
}

/// Two numbers or two texts have an order; others have none that everybody would agree on.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => numbers(left, right),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
