//! Tenants can only be replaced whole, so changing one member means reading, merging and writing back.

use std::borrow::Cow;

use bytestring::ByteString;
use serde_json::value::RawValue;

use super::{Body, BodyTooLarge};
use crate::json::{Json, Kind, Members, ObjectWriter, prune_nulls};

/// How an existing tenant is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantWrite {
    /// Carry what is there, merge `properties`.
    Merge,
    /// Leave a tenant that is there alone.
    CreateOnly,
}

/// What a group event has to say about a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantUpdate {
    /// What to do when the tenant is there
    pub write: TenantWrite,
    /// `name`, a JSON string, when the event gives one
    pub name: Option<Json>,
    /// `name` of a new tenant that is given none
    pub fallback_name: String,
    /// `properties`, an object; a member that is `null` removes the one that is there
    pub properties: Json,
}

/// A tenant's update cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum TenantMergeError {
    /// Courier's answer to the GET is not a tenant; writing would wipe what it has
    #[error("the tenant that Courier answered with is not a JSON object")]
    Unreadable,
    /// The merged tenant is too large to send
    #[error(transparent)]
    TooLarge(#[from] BodyTooLarge),
}

impl TenantUpdate {
    /// The body for a tenant that does not exist.
    pub fn create(&self) -> Result<Body, BodyTooLarge> {
        let mut tenant = ObjectWriter::with_capacity(self.weight() + 32);
        self.write_name(&mut tenant, None);
        tenant.raw("properties", &merge("{}", self.properties.as_str()));
        Body::new(tenant.finish())
    }

    /// The body for the tenant that Courier answered a GET with: every member it has, but `id` and the `type` of
    /// preference items, which Courier adds on reading; `properties` merged member by member; our name if we have one.
    pub fn merge_into(&self, existing: &[u8]) -> Result<Body, TenantMergeError> {
        let text = std::str::from_utf8(existing).map_err(|_| TenantMergeError::Unreadable)?;
        let existing =
            Json::parse(&ByteString::from(text)).map_err(|_| TenantMergeError::Unreadable)?;
        if existing.kind() != Kind::Object {
            return Err(TenantMergeError::Unreadable);
        }
        let members = existing.members();
        let mut tenant = ObjectWriter::with_capacity(existing.as_str().len() + self.weight());
        self.write_name(&mut tenant, members.get("name"));
        let properties = members.get("properties").unwrap_or("{}");
        tenant.raw("properties", &merge(properties, self.properties.as_str()));
        for (name, value) in members.iter() {
            match name {
                "id" | "name" | "properties" => {}
                "default_preferences" => {
                    tenant.raw(name, &without_item_types(value));
                }
                _ => {
                    tenant.raw(name, value);
                }
            }
        }
        Ok(Body::new(tenant.finish())?)
    }

    /// What it keeps in memory, in bytes.
    pub fn weight(&self) -> usize {
        self.properties.as_str().len() + self.fallback_name.len()
    }

    fn write_name(&self, tenant: &mut ObjectWriter, existing: Option<&str>) {
        let existing = existing.filter(|name| Kind::of(name) == Kind::String);
        match self.name.as_ref().map(Json::as_str).or(existing) {
            Some(name) => tenant.raw("name", name),
            None => tenant.string("name", &self.fallback_name),
        };
    }
}

/// `over` on top of `base`: objects member by member at every depth, anything else replaced, `null` members removed.
/// The recursion goes no deeper than `over`, which ingest has bounded.
fn merge<'a>(base: &str, over: &'a str) -> Cow<'a, str> {
    if Kind::of(over) != Kind::Object {
        return prune_nulls(over);
    }
    let (kept, new) = (Members::of(base), Members::of(over));
    let (known, newer) = (kept.last_values(), new.last_values());
    let mut merged = ObjectWriter::with_capacity(base.len() + over.len());
    for (name, value) in kept.iter() {
        match newer.get(name).copied() {
            Some("null") => {}
            Some(newer) => {
                merged.raw(name, &merge(value, newer));
            }
            None => {
                merged.raw(name, value);
            }
        }
    }
    let is_null = |name| newer.get(name) == Some(&"null");
    for (name, value) in new.iter() {
        if value != "null" && !is_null(name) && !known.contains_key(name) {
            merged.raw(name, &prune_nulls(value));
        }
    }
    Cow::Owned(merged.finish())
}

fn without_item_types(preferences: &str) -> String {
    if Kind::of(preferences) != Kind::Object {
        return preferences.to_owned();
    }
    let mut written = ObjectWriter::with_capacity(preferences.len());
    for (name, value) in Members::of(preferences).iter() {
        if name == "items" && Kind::of(value) == Kind::Array {
            written.raw(name, &items_without_types(value));
        } else {
            written.raw(name, value);
        }
    }
    written.finish()
}

fn items_without_types(items: &str) -> String {
    let items: Vec<&RawValue> = serde_json::from_str(items).unwrap_or_default();
    let items: Vec<String> = items.iter().map(|item| without_type(item.get())).collect();
    format!("[{}]", items.join(","))
}

fn without_type(item: &str) -> String {
    if Kind::of(item) != Kind::Object {
        return item.to_owned();
    }
    let mut written = ObjectWriter::with_capacity(item.len());
    for (name, value) in Members::of(item).iter().filter(|(name, _)| *name != "type") {
        written.raw(name, value);
    }
    written.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(name: Option<&str>, properties: &'static str) -> TenantUpdate {
        TenantUpdate {
            write: TenantWrite::Merge,
            name: name.map(|name| Json::parse(&name.to_owned().into()).unwrap()),
            fallback_name: "g1".to_owned(),
            properties: Json::parse(&ByteString::from_static(properties)).unwrap(),
        }
    }

    fn text(body: &Body) -> String {
        String::from_utf8(body.to_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_new_tenant_is_named_by_the_event_or_by_its_id() {
        let named = update(Some("\"Acme\""), r#"{"plan":"pro"}"#).create().unwrap();
        assert_eq!(text(&named), r#"{"name":"Acme","properties":{"plan":"pro"}}"#);
        assert_eq!(text(&update(None, "{}").create().unwrap()), r#"{"name":"g1","properties":{}}"#);
    }

    #[test]
    fn what_a_tenant_has_is_carried_over() {
        let existing = br#"{"id":"g1","name":"Old","brand_id":"b","parent_tenant_id":null,
            "properties":{"seats":9007199254740993,"gone":1,"plan":"free","at":{"a":1,"b":2}},
            "user_profile":{"slack":{"id":null}},"new_member":[1],
            "default_preferences":{"items":[{"id":"t","status":"OPTED_IN","type":"subscription_topic"}]}}"#;
        let merged = update(None, r#"{"at":{"b":3,"c":null},"plan":"pro","gone":null}"#)
            .merge_into(existing)
            .unwrap();
        assert_eq!(
            text(&merged),
            concat!(
                r#"{"name":"Old","properties":{"seats":9007199254740993,"plan":"pro","at":{"a":1,"b":3}},"#,
                r#""brand_id":"b","parent_tenant_id":null,"user_profile":{"slack":{"id":null}},"#,
                r#""new_member":[1],"default_preferences":{"items":[{"id":"t","status":"OPTED_IN"}]}}"#
            )
        );
    }

    #[test]
    fn an_unreadable_answer_never_becomes_a_write() {
        for answer in ["<html>", "[]", "{\"name\":", "\"x\"", ""] {
            let merged = update(None, "{}").merge_into(answer.as_bytes());
            assert!(matches!(merged, Err(TenantMergeError::Unreadable)), "{answer}");
        }
    }
}
