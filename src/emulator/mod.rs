//! A local Courier.
