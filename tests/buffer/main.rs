//! The buffer on disk: what is acknowledged is kept, in order, whatever happens to the file.
//!
//! No process is started here: until it has become another program it would have a copy of every lock, and a buffer that
//! was just closed would be in use.
#![cfg(feature = "runner")]

mod ages;
mod damage;
mod full;
mod order;
mod refed;
mod stop;
mod support;
