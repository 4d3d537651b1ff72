//! How far a stream is: what its callbacks and its transaction's host tell each other.

use crate::flow::exchange::Direction;
use std::cell::Cell;

/// How far a direction of a stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Gate {
    /// The transaction has not let it go on.
    #[default]
    Held,
    /// It goes on.
    Open,
}

/// How much of a body Envoy has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Progress {
    /// Its headers have not come.
    #[default]
    Nothing,
    /// More of it is to come.
    Partly,
    /// It is whole, with that many bytes; `None` when there is no body.
    Whole(Option<usize>),
}

/// What the transaction's host and the stream's callbacks tell each other.
#[derive(Default)]
pub(super) struct State {
    pub(super) request: Side,
    pub(super) response: Side,
    /// The client has been answered in place of the upstream; nothing is held any more.
    pub(super) is_replied: Cell<bool>,
    /// The client has its response.
    pub(super) is_ended: Cell<bool>,
}

/// One direction of a stream.
#[derive(Default)]
pub(super) struct Side {
    pub(super) gate: Cell<Gate>,
    pub(super) progress: Cell<Progress>,
}

impl State {
    pub(super) fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        }
    }

    pub(super) fn is_held(&self, direction: Direction) -> bool {
        self.side(direction).gate.get() == Gate::Held
    }
}
