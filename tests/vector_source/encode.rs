//! Events encoded by the `.proto` files, and not by what the source derives for itself.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MapKey, Value as Field};
use serde_json::Value;

/// The messages of `proto/`.
pub(crate) static PROTO: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let files = protox::compile(["vector.proto"], [folder]).unwrap();
    DescriptorPool::from_file_descriptor_set(files).unwrap()
});

/// An empty message.
pub(crate) fn message(name: &str) -> DynamicMessage {
    DynamicMessage::new(PROTO.get_message_by_name(name).unwrap())
}

fn with(name: &str, field: &str, value: Field) -> DynamicMessage {
    let mut message = message(name);
    message.set_field_by_name(field, value);
    message
}

/// A value as Vector has it: texts are bytes.
pub(crate) fn value(json: &Value) -> DynamicMessage {
    let (field, value) = match json {
        Value::Null => ("null", Field::EnumNumber(0)),
        Value::Bool(flag) => ("boolean", Field::Bool(*flag)),
        Value::Number(number) => match number.as_i64() {
            Some(number) => ("integer", Field::I64(number)),
            None => ("float", Field::F64(number.as_f64().unwrap())),
        },
        Value::String(text) => ("raw_bytes", Field::Bytes(text.clone().into())),
        Value::Array(elements) => {
            let items = elements.iter().map(|element| Field::Message(value(element))).collect();
            ("array", Field::Message(with("event.ValueArray", "items", Field::List(items))))
        }
        Value::Object(_) => {
            let object = with("event.ValueMap", "fields", members(json));
            ("map", Field::Message(object))
        }
    };
    with("event.Value", field, value)
}

/// The time `seconds` after 1970.
pub(crate) fn time(seconds: i64) -> DynamicMessage {
    let time = with("google.protobuf.Timestamp", "seconds", Field::I64(seconds));
    with("event.Value", "timestamp", Field::Message(time))
}

/// A float, which JSON may not know.
pub(crate) fn float(number: f64) -> DynamicMessage {
    with("event.Value", "float", Field::F64(number))
}

fn members(object: &Value) -> Field {
    let members = object.as_object().unwrap().iter();
    let member = |(name, json): (&String, &Value)| {
        (MapKey::String(name.clone()), Field::Message(value(json)))
    };
    Field::Map(members.map(member).collect())
}

/// A log event that is the object `json`, with `more` members.
pub(crate) fn log(json: &Value, more: &[(&str, DynamicMessage)]) -> DynamicMessage {
    let mut fields = members(json);
    for (name, value) in more {
        let members = fields.as_map_mut().unwrap();
        members.insert(MapKey::String((*name).to_owned()), Field::Message(value.clone()));
    }
    event("log", with("event.Log", "fields", fields))
}

/// A log event that is no object.
pub(crate) fn root(json: &Value) -> DynamicMessage {
    let mut log = with("event.Log", "value", Field::Message(value(json)));
    log.set_field_by_name("fields", members(&serde_json::json!({".": "dummy"})));
    event("log", log)
}

/// A log event that is the object `json`, known to Vector by `id`.
pub(crate) fn known(json: &Value, id: [u8; 16]) -> DynamicMessage {
    let metadata = with("event.Metadata", "source_event_id", Field::Bytes(id.to_vec().into()));
    let mut log = with("event.Log", "fields", members(json));
    log.set_field_by_name("metadata_full", Field::Message(metadata));
    event("log", log)
}

/// An event of the `kind`.
pub(crate) fn event(kind: &str, message: DynamicMessage) -> DynamicMessage {
    with("event.EventWrapper", kind, Field::Message(message))
}

/// A request of `events`.
pub(crate) fn request(events: impl IntoIterator<Item = DynamicMessage>) -> Vec<u8> {
    let events = events.into_iter().map(Field::Message).collect();
    with("vector.PushEventsRequest", "events", Field::List(events)).encode_to_vec()
}

/// A request of log events that are these objects.
pub(crate) fn logs<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Vec<u8> {
    request(objects.into_iter().map(|object| log(object, &[])))
}
