//! Spans as a collector gets them, of the sink over a mock and of the built program.

mod collector;
mod program;
mod spans;
