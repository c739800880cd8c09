//! What `component_errors_total` tells errors apart by. The words are Vector's.

/// What kind of error it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorType {
    /// A record is not an event
    Parser,
    /// An event cannot become a request
    Conversion,
    /// A request cannot be sent as it is
    Encoder,
    /// The API key is not taken
    Authentication,
    /// No connection, or it broke
    Connection,
    /// No answer in time
    TimedOut,
    /// Courier's answer ended it; at a source, a request is refused
    Request,
    /// It became too old
    Condition,
    /// A dead letter could not be written; of a source, a checkpoint
    Writer,
    /// A source could not read something
    Reader,
}

/// Where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// At a source
    Receiving,
    /// Between taking in and sending
    Processing,
    /// Sending, the waits before it included
    Sending,
}

impl ErrorType {
    /// Those of sinks, in the order of their [`ErrorType::index`].
    pub const OF_SINKS: [Self; 9] = [
        Self::Parser,
        Self::Conversion,
        Self::Encoder,
        Self::Authentication,
        Self::Connection,
        Self::TimedOut,
        Self::Request,
        Self::Condition,
        Self::Writer,
    ];

    /// Those of sources.
    pub const OF_SOURCES: [Self; 4] = [Self::Reader, Self::Connection, Self::Request, Self::Writer];

    /// The position in [`ErrorType::OF_SINKS`], and behind them.
    pub const fn index(self) -> usize {
        match self {
            Self::Parser => 0,
            Self::Conversion => 1,
            Self::Encoder => 2,
            Self::Authentication => 3,
            Self::Connection => 4,
            Self::TimedOut => 5,
            Self::Request => 6,
            Self::Condition => 7,
            Self::Writer => 8,
            Self::Reader => 9,
        }
    }

    /// The value of the label `error_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parser => "parser_failed",
            Self::Conversion => "conversion_failed",
            Self::Encoder => "encoder_failed",
            Self::Authentication => "authentication_failed",
            Self::Connection => "connection_failed",
            Self::TimedOut => "timed_out",
            Self::Request => "request_failed",
            Self::Condition => "condition_failed",
            Self::Writer => "writer_failed",
            Self::Reader => "reader_failed",
        }
    }

    /// Where errors of this kind happen in a sink; those of a source happen where it receives.
    pub const fn stage(self) -> Stage {
        match self {
            Self::Reader => Stage::Receiving,
            Self::Parser | Self::Conversion | Self::Writer => Stage::Processing,
            Self::Encoder
            | Self::Authentication
            | Self::Connection
            | Self::TimedOut
            | Self::Request
            | Self::Condition => Stage::Sending,
        }
    }
}

impl Stage {
    /// The value of the label `stage`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Processing => "processing",
            Self::Sending => "sending",
        }
    }
}
