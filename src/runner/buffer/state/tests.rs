//! What is fed, when, and what becomes of it.
