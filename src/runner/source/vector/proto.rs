//! The messages of `proto/`, as far as they are read.
//!
//! A message within another is kept as its bytes and decoded by whoever looks at it. On the wire that is the same, and
//! it lets one broken event cost only itself, lets depth be counted by us, and copies nothing before it is needed. The
//! request itself is cut in `cut.rs`.

use bytes::Bytes;
use prost::{Message, Oneof};

/// `vector.HealthCheckResponse`
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct HealthCheckResponse {
    /// 0 is serving, 1 is not
    #[prost(int32, tag = "1")]
    pub(super) status: i32,
}

/// `event.EventWrapper`
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct EventWrapper {
    #[prost(oneof = "Kind", tags = "1, 2, 3")]
    pub(super) event: Option<Kind>,
}

/// What an event is.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub(super) enum Kind {
    /// A [`Log`]
    #[prost(bytes = "bytes", tag = "1")]
    Log(Bytes),
    /// Not looked at any further
    #[prost(bytes = "bytes", tag = "2")]
    Metric(Bytes),
    /// Not looked at any further
    #[prost(bytes = "bytes", tag = "3")]
    Trace(Bytes),
}

/// `event.Log`
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Log {
    /// The members of an event that is an object
    #[prost(message, repeated, tag = "1")]
    pub(super) fields: Vec<Member>,
    /// A [`Value`]: an event that is something else
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub(super) value: Option<Bytes>,
    /// A [`Metadata`]
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub(super) metadata: Option<Bytes>,
}

/// `event.Metadata`. Security: it also brings secrets in clear, which are never decoded.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Metadata {
    /// A UUID's 16 bytes
    #[prost(bytes = "bytes", tag = "7")]
    pub(super) source_event_id: Bytes,
}

/// An entry of a map.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Member {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    /// A [`Value`]
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) value: Bytes,
}

/// `event.Value`
#[derive(Clone, PartialEq, Message)]
pub(super) struct Value {
    #[prost(oneof = "Content", tags = "1, 2, 4, 5, 6, 7, 8, 9")]
    pub(super) content: Option<Content>,
}

/// What a value is.
#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Content {
    /// A text, or any bytes
    #[prost(bytes = "bytes", tag = "1")]
    Text(Bytes),
    #[prost(message, tag = "2")]
    Timestamp(Timestamp),
    #[prost(int64, tag = "4")]
    Integer(i64),
    #[prost(double, tag = "5")]
    Float(f64),
    #[prost(bool, tag = "6")]
    Boolean(bool),
    /// An [`Object`]
    #[prost(bytes = "bytes", tag = "7")]
    Object(Bytes),
    /// An [`Array`]
    #[prost(bytes = "bytes", tag = "8")]
    Array(Bytes),
    #[prost(int32, tag = "9")]
    Null(i32),
}

/// `google.protobuf.Timestamp`: so long after 1970
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Timestamp {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    /// Counted forwards also where the seconds are negative
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

/// `event.ValueMap`
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Object {
    #[prost(message, repeated, tag = "1")]
    pub(super) members: Vec<Member>,
}

/// `event.ValueArray`
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Array {
    /// Each a [`Value`]
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub(super) elements: Vec<Bytes>,
}
