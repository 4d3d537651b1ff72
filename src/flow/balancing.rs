//! The choice of a load balancer's server for the next call (docs/apigee-semantics.md 2.9).
//!
//! Each worker has one [`Balancer`] per policy. The time is an argument, so this module needs no host.

use crate::policy::connection::{Algorithm, LoadBalancer, ServerReference};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// A worker's state of the servers of one load balancer.
#[derive(Debug)]
pub(in crate::flow) struct Balancer {
    /// The servers' states, in the order of the policy's servers.
    servers: Vec<ServerState>,
    /// The index where the search for the next server starts.
    next: usize,
}

#[derive(Debug, Default)]
struct ServerState {
    /// Whether the server is used.
    is_enabled: bool,
    /// Failures since the last success.
    failures: u32,
    /// The end of the time out of rotation, since the Unix epoch.
    disabled_until: Option<Duration>,
    /// The current weight of the algorithm.
    current_weight: i64,
    calls: Rc<Cell<u32>>,
}

/// A call in progress to a server. It ends when this value is dropped.
#[derive(Debug)]
pub(in crate::flow) struct ActiveCall(Rc<Cell<u32>>);

impl ActiveCall {
    fn new(calls: &Rc<Cell<u32>>) -> ActiveCall {
        calls.set(calls.get().saturating_add(1));
        ActiveCall(Rc::clone(calls))
    }
}

impl Drop for ActiveCall {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl Balancer {
    /// A balancer for servers that are enabled or not. All enabled servers are in rotation.
    pub(in crate::flow) fn new(is_enabled: impl Iterator<Item = bool>) -> Balancer {
        let servers = is_enabled.map(|is_enabled| ServerState { is_enabled, ..ServerState::default() });
        Balancer { servers: servers.collect(), next: 0 }
    }

    /// The index of the server that gets the next call, without those in `tried`. `None` when no server is left.
    pub(in crate::flow) fn choose(
        &mut self,
        policy: &LoadBalancer,
        tried: &[usize],
        now: Duration,
    ) -> Option<(usize, ActiveCall)> {
        let in_rotation = |index: usize| {
            let state = self.servers.get(index).filter(|state| state.is_enabled);
            state.is_some_and(|state| state.disabled_until.is_none_or(|until| now >= until))
        };
        let indexed = || policy.servers.iter().enumerate();
        let usual: Vec<(usize, &ServerReference)> =
            indexed().filter(|(index, server)| !server.is_fallback && in_rotation(*index)).collect();
        let untried: Vec<(usize, &ServerReference)> =
            usual.iter().copied().filter(|(index, _)| !tried.contains(index)).collect();
        let chosen = if usual.is_empty() {
            let fallback = indexed().find(|(index, server)| server.is_fallback && in_rotation(*index));
            fallback.map(|(index, _)| index).filter(|index| !tried.contains(index))
        } else {
            match policy.algorithm {
                Algorithm::RoundRobin => self.next_in_rotation(untried.iter().map(|(index, _)| *index)),
                Algorithm::Weighted => self.weighted(&untried),
                Algorithm::LeastConnections => self.least_busy(&untried),
            }
        }?;
        let state = self.servers.get(chosen)?;
        Some((chosen, ActiveCall::new(&state.calls)))
    }

    /// Records the outcome of a call to a server. After `max_failures` failures in a row, the server leaves the
    /// rotation. After its return, the first failure removes it again, because the count is not reset. `[inferred]`
    pub(in crate::flow) fn report(&mut self, policy: &LoadBalancer, index: usize, is_failure: bool, now: Duration) {
        let Some(state) = self.servers.get_mut(index) else { return };
        if !is_failure {
            state.failures = 0;
            state.disabled_until = None;
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if policy.max_failures > 0 && state.failures >= policy.max_failures {
            state.disabled_until = Some(now.saturating_add(policy.disabled_for));
        }
    }

    /// The first of some indices at or after `next`. `next` then moves behind it.
    fn next_in_rotation(&mut self, indices: impl Iterator<Item = usize>) -> Option<usize> {
        let count = self.servers.len().max(1);
        let distance = |index: usize| index.saturating_add(count).saturating_sub(self.next).checked_rem(count);
        let chosen = indices.min_by_key(|index| distance(*index))?;
        self.next = chosen.saturating_add(1).checked_rem(count)?;
        Some(chosen)
    }

    /// Smooth weighted round robin: adds its weight to the current weight of every server, chooses the server with the
    /// largest current weight, and subtracts the sum of the weights from it.
    fn weighted(&mut self, candidates: &[(usize, &ServerReference)]) -> Option<usize> {
        let mut total: i64 = 0;
        let mut chosen: Option<(i64, usize)> = None;
        for (index, server) in candidates {
            let state = self.servers.get_mut(*index)?;
            state.current_weight = state.current_weight.saturating_add(server.weight.into());
            total = total.saturating_add(server.weight.into());
            if server.weight > 0 && chosen.is_none_or(|(current_weight, _)| state.current_weight > current_weight) {
                chosen = Some((state.current_weight, *index));
            }
        }
        let (_, chosen) = chosen?;
        let state = self.servers.get_mut(chosen)?;
        state.current_weight = state.current_weight.saturating_sub(total);
        Some(chosen)
    }

    /// The server with the fewest calls in progress; servers with the same number take turns.
    fn least_busy(&mut self, candidates: &[(usize, &ServerReference)]) -> Option<usize> {
        let calls = |index: usize| self.servers.get(index).map_or(0, |state| state.calls.get());
        let min = candidates.iter().map(|(index, _)| calls(*index)).min()?;
        let equals: Vec<usize> =
            candidates.iter().map(|(index, _)| *index).filter(|index| calls(*index) == min).collect();
        self.next_in_rotation(equals.into_iter())
    }
}

#[cfg(test)]
mod tests;
