//! The buffer on disk: what is acknowledged is kept, in order, whatever happens to the process, the disk or the file.

mod damage;
mod order;
mod support;
