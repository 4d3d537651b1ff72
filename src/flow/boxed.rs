//! Futures on the heap.

use std::future::Future;
use std::pin::Pin;

/// Moves a future to the heap.
///
/// A future contains the futures that it awaits. A step that few plans use would enlarge the transaction of every
/// request, and a shared flow that calls another one would have no finite size.
pub(super) fn boxed<'f, T>(future: impl Future<Output = T> + 'f) -> Pin<Box<dyn Future<Output = T> + 'f>> {
    Box::pin(future)
}
