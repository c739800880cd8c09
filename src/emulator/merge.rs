//! Merging one JSON object into another, as `POST /profiles/{id}` does. Pure; knows no profile.

use serde_json::{Map, Value};

/// How far a merging write reaches. Courier says that keys given are updated, keys absent are kept
/// and `null` removes a key, and its tutorial changes one nested key alone; it says nothing of
/// arrays and of `null` inside nested objects, so the reading is a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Merge {
    /// Objects merge at every depth, `null` removes at every depth, all else is replaced
    /// (RFC 7396).
    #[default]
    Deep,
    /// Only the top level merges: each value given replaces the old one whole.
    Shallow,
}

impl Merge {
    /// Merges `given` into `kept`.
    pub(super) fn apply(self, kept: &mut Map<String, Value>, given: Map<String, Value>) {
        for (name, value) in given {
            match (self, value) {
                (_, Value::Null) => {
                    kept.remove(&name);
                }
                (Self::Deep, Value::Object(inner)) => {
                    let slot = kept.entry(name).or_insert(Value::Null);
                    if !slot.is_object() {
                        *slot = Value::Object(Map::new());
                    }
                    if let Value::Object(slot) = slot {
                        // Depth is bounded: the parser gives no more than 128 levels.
                        self.apply(slot, inner);
                    }
                }
                (_, value) => {
                    kept.insert(name, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn merged(merge: Merge, kept: Value, given: Value) -> Value {
        let (Value::Object(mut kept), Value::Object(given)) = (kept, given) else {
            panic!("both sides are objects");
        };
        merge.apply(&mut kept, given);
        Value::Object(kept)
    }

    #[test]
    fn deep_merges_objects_replaces_the_rest_and_null_deletes_at_any_depth() {
        let kept =
            json!({"a": 1, "custom": {"plan": "free", "old": 1}, "tags": [1, 2], "x": {"y": 1}});
        let given = json!({"custom": {"plan": "paid", "old": null}, "tags": [3], "x": null, "n": {"z": null, "w": 1}});
        let expected = json!({"a": 1, "custom": {"plan": "paid"}, "tags": [3], "n": {"w": 1}});
        assert_eq!(merged(Merge::Deep, kept, given), expected);
    }

    #[test]
    fn deep_replaces_a_scalar_by_an_object_and_an_object_by_a_scalar() {
        let kept = json!({"a": 1, "b": {"c": 1}});
        let given = json!({"a": {"d": null}, "b": 2});
        assert_eq!(merged(Merge::Deep, kept, given), json!({"a": {}, "b": 2}));
    }

    #[test]
    fn shallow_replaces_whole_values_and_deletes_at_the_top_only() {
        let kept = json!({"a": 1, "custom": {"plan": "free", "old": 1}});
        let given = json!({"a": null, "custom": {"plan": null}});
        assert_eq!(merged(Merge::Shallow, kept, given), json!({"custom": {"plan": null}}));
    }

    fn objects() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
        ];
        let value = leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-d]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        });
        prop::collection::btree_map("[a-d]", value, 0..4)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    /// Whether a null stands anywhere but inside an array.
    fn has_null_member(value: &Value) -> bool {
        value.is_null() || value.as_object().is_some_and(|map| map.values().any(has_null_member))
    }

    proptest! {
        #[test]
        fn merging_the_same_object_twice_changes_nothing_more(kept in objects(), given in objects()) {
            for merge in [Merge::Deep, Merge::Shallow] {
                let once = merged(merge, kept.clone(), given.clone());
                prop_assert_eq!(merged(merge, once.clone(), given.clone()), once);
            }
        }

        #[test]
        fn a_deep_merge_into_nothing_leaves_no_null_member(given in objects()) {
            let after = merged(Merge::Deep, json!({}), given);
            prop_assert!(!has_null_member(&after));
        }

        #[test]
        fn keys_not_given_keep_their_values(kept in objects(), given in objects()) {
            for merge in [Merge::Deep, Merge::Shallow] {
                let after = merged(merge, kept.clone(), given.clone());
                for (name, value) in kept.as_object().expect("the strategy gives objects") {
                    if given.get(name).is_none() {
                        prop_assert_eq!(after.get(name), Some(value));
                    }
                }
            }
        }
    }
}
