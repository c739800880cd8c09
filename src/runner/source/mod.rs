//! Where events come from: files and standard input.

pub mod framing;
