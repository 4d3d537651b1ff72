//! What Envoy tells of a stream, and what it is told in return.

/// Something that happened to a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    RequestHeaders {
        end: bool,
    },
    RequestBody {
        size: usize,
        end: bool,
    },
    RequestTrailers,
    ResponseHeaders {
        end: bool,
    },
    ResponseBody {
        size: usize,
        end: bool,
    },
    ResponseTrailers,
    /// What its transaction waits for has come: the answer to a call, or a token.
    Woken,
    /// The client has its response, or is gone.
    Ended,
}

/// What a stream callback tells Envoy to do with the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Action {
    Continue = 0,
    Pause = 1,
}
