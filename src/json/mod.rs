//! Raw JSON: values kept as the text they came in, read without building a tree.
//!
//! In: text that was checked once. Out: members, look-ups by path, objects written from raw parts. Numbers, key
//! order and spelling survive untouched, because nothing here ever turns a value into another representation.

mod members;
mod object;
mod path;
mod prune;
mod value;

pub(crate) use members::Key;
pub use members::Members;
pub use object::ObjectWriter;
pub use path::{Path, PathError};
pub use prune::prune_nulls;
pub use value::{Json, JsonError, Kind};
