//! Courier's OpenAPI as validators: YAML in; out come operations, each with what it takes and what it answers.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::{Value, json};

const DOCUMENT: &str = include_str!("courier-openapi.yml");

/// One method of one path.
pub(crate) struct Operation {
    /// Its `operationId`
    pub(crate) name: String,
    pub(crate) method: String,
    segments: Vec<String>,
    pub(crate) query: Vec<(String, Validator)>,
    pub(crate) request: Option<Validator>,
    /// By status; `None` where the body is empty
    pub(crate) answers: BTreeMap<u16, Option<Validator>>,
}

/// All operations, and the shape of errors.
pub(crate) struct Document {
    pub(crate) operations: Vec<Operation>,
    pub(crate) error: Validator,
}

impl Document {
    pub(crate) fn read() -> Self {
        let mut document: Value = serde_saphyr::from_str(DOCUMENT).expect("the contract is YAML");
        plain_nulls(&mut document);
        let paths = document["paths"].as_object().expect("there are paths");
        let mut operations = Vec::new();
        for (path, item) in paths {
            for method in ["get", "post", "put", "patch", "delete"] {
                if let Some(operation) = item.get(method) {
                    operations.push(Operation::read(&document, path, item, method, operation));
                }
            }
        }
        let error = validator(&document, &json!({"$ref": "#/components/schemas/Error"}));
        Self { operations, error }
    }

    /// The operation of a request's method and raw path. Where a name stands beside a parameter, the name counts.
    pub(crate) fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        let named = |it: &&Operation| it.segments.iter().filter(|it| !it.starts_with('{')).count();
        let matching = self.operations.iter().filter(|it| it.method == method && it.is_at(path));
        matching.max_by_key(named)
    }
}

impl Operation {
    fn read(root: &Value, path: &str, item: &Value, method: &str, operation: &Value) -> Self {
        let parameters = [item, operation].map(|it| it["parameters"].as_array());
        let parameters = parameters.into_iter().flatten().flatten().map(|it| resolved(root, it));
        let query = parameters.filter(|it| it["in"] == "query").map(|parameter| {
            let name = parameter["name"].as_str().expect("parameters have names");
            (name.to_owned(), validator(root, &parameter["schema"]))
        });
        let answers = operation["responses"].as_object().expect("there are responses");
        let answers = answers.iter().map(|(status, answer)| {
            let status = status.parse().expect("statuses are numbers");
            (status, body(root, resolved(root, answer)))
        });
        Self {
            name: operation["operationId"].as_str().expect("it has a name").to_owned(),
            method: method.to_uppercase(),
            segments: path.split('/').map(str::to_owned).collect(),
            query: query.collect(),
            request: operation.get("requestBody").and_then(|it| body(root, resolved(root, it))),
            answers: answers.collect(),
        }
    }

    fn is_at(&self, path: &str) -> bool {
        let mut given = path.split('/');
        self.segments.iter().all(|wanted| {
            given.next().is_some_and(|given| {
                if wanted.starts_with('{') { !given.is_empty() } else { wanted == given }
            })
        }) && given.next().is_none()
    }
}

fn body(root: &Value, of: &Value) -> Option<Validator> {
    let schema = of.pointer("/content/application~1json/schema")?;
    Some(validator(root, schema))
}

fn validator(root: &Value, schema: &Value) -> Validator {
    let mut schema = schema.clone();
    schema["components"] = root["components"].clone();
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .build(&schema)
        .expect("the contract's schemas are right")
}

fn resolved<'a>(root: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
    pointer.map_or(value, |pointer| root.pointer(pointer).expect("references lead somewhere"))
}

/// OpenAPI 3.0 says `nullable` where JSON Schema says that `null` is one of the types.
fn plain_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.remove("nullable") == Some(Value::Bool(true))
                && let Some(of) = members.get_mut("type")
            {
                *of = json!([of.take(), "null"]);
            }
            members.values_mut().for_each(plain_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(plain_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
