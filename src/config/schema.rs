//! The shape of a configuration as JSON Schema, for editors. Kept by hand beside the readers and held to them by a test:
//! it names each option and choice they ask for, and nothing else.

/// JSON Schema (2020-12) of a whole configuration: names, types, ranges, defaults, and which options go together where
/// that is a matter of shape. What depends on other blocks, on files or on the environment, only reading tells.
pub const SCHEMA: &str = include_str!("schema.json");
