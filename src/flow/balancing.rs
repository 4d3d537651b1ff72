//! Which server of a load balancer gets the next call (docs/apigee-semantics.md 2.9).
//!
//! One [`Balancer`] per policy and worker. Time comes in as an argument, so nothing here waits or asks a host.

use crate::policy::connection::{Algorithm, LoadBalancer, ServerReference};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// What a worker knows of the servers of one load balancer.
#[derive(Debug)]
pub(in crate::flow) struct Balancer {
    /// In the order of the policy's servers.
    servers: Vec<Health>,
    /// Where the search for the next server begins.
    next: usize,
}

#[derive(Debug, Default)]
struct Health {
    /// Failures since the last success.
    failures: u32,
    /// Until when, since the Unix epoch, it is out of rotation.
    disabled_until: Option<Duration>,
    /// How far it is ahead of or behind its share of the weighted calls.
    credit: i64,
    calls: Rc<Cell<u32>>,
}

/// A call under way to a server; it ends when this is dropped, answered or not.
#[derive(Debug)]
pub(in crate::flow) struct Occupied(Rc<Cell<u32>>);

impl Occupied {
    fn new(calls: &Rc<Cell<u32>>) -> Occupied {
        calls.set(calls.get().saturating_add(1));
        Occupied(Rc::clone(calls))
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl Balancer {
    /// A balancer whose servers are all in rotation.
    pub(in crate::flow) fn new(policy: &LoadBalancer) -> Balancer {
        Balancer { servers: policy.servers.iter().map(|_| Health::default()).collect(), next: 0 }
    }

    /// The place of the server that gets the next call, none of those `tried`. `None` when no server is left.
    pub(in crate::flow) fn choose(
        &mut self,
        policy: &LoadBalancer,
        tried: &[usize],
        now: Duration,
    ) -> Option<(usize, Occupied)> {
        let in_rotation = |place: usize, server: &ServerReference| {
            let health = self.servers.get(place);
            server.is_enabled && health.is_some_and(|health| health.disabled_until.is_none_or(|until| now >= until))
        };
        let places = || policy.servers.iter().enumerate();
        let usual: Vec<(usize, &ServerReference)> =
            places().filter(|(place, server)| !server.is_fallback && in_rotation(*place, server)).collect();
        let untried: Vec<(usize, &ServerReference)> =
            usual.iter().copied().filter(|(place, _)| !tried.contains(place)).collect();
        let chosen = if usual.is_empty() {
            let fallback = places().find(|(place, server)| server.is_fallback && in_rotation(*place, server));
            fallback.map(|(place, _)| place).filter(|place| !tried.contains(place))
        } else {
            match policy.algorithm {
                Algorithm::RoundRobin => self.first_in_turn(untried.iter().map(|(place, _)| *place)),
                Algorithm::Weighted => self.heaviest(&untried),
                Algorithm::LeastConnections => self.least_busy(&untried),
            }
        }?;
        let health = self.servers.get(chosen)?;
        Some((chosen, Occupied::new(&health.calls)))
    }

    /// Notes how a call to a server ended. After `max_failures` failures in a row it leaves the rotation; when it comes
    /// back, one more failure takes it out again, because it was only tried. `[inferred]`
    pub(in crate::flow) fn report(&mut self, policy: &LoadBalancer, place: usize, is_failure: bool, now: Duration) {
        let Some(health) = self.servers.get_mut(place) else { return };
        if !is_failure {
            health.failures = 0;
            health.disabled_until = None;
            return;
        }
        health.failures = health.failures.saturating_add(1);
        if policy.max_failures > 0 && health.failures >= policy.max_failures {
            health.disabled_until = Some(now.saturating_add(policy.disabled_for));
        }
    }

    /// The first of those places at or after the turn, which then passes on.
    fn first_in_turn(&mut self, places: impl Iterator<Item = usize>) -> Option<usize> {
        let count = self.servers.len().max(1);
        let distance = |place: usize| place.saturating_add(count).saturating_sub(self.next).checked_rem(count);
        let chosen = places.min_by_key(|place| distance(*place))?;
        self.next = chosen.saturating_add(1).checked_rem(count)?;
        Some(chosen)
    }

    /// Smooth weighted round robin: everyone earns its weight, the richest is chosen and pays what all have earned.
    fn heaviest(&mut self, candidates: &[(usize, &ServerReference)]) -> Option<usize> {
        let mut total: i64 = 0;
        let mut richest: Option<(i64, usize)> = None;
        for (place, server) in candidates {
            let health = self.servers.get_mut(*place)?;
            health.credit = health.credit.saturating_add(server.weight.into());
            total = total.saturating_add(server.weight.into());
            if server.weight > 0 && richest.is_none_or(|(credit, _)| health.credit > credit) {
                richest = Some((health.credit, *place));
            }
        }
        let (_, chosen) = richest?;
        let health = self.servers.get_mut(chosen)?;
        health.credit = health.credit.saturating_sub(total);
        Some(chosen)
    }

    /// The one with the fewest calls under way; among equals, in turn.
    fn least_busy(&mut self, candidates: &[(usize, &ServerReference)]) -> Option<usize> {
        let calls = |place: usize| self.servers.get(place).map_or(0, |health| health.calls.get());
        let least = candidates.iter().map(|(place, _)| calls(*place)).min()?;
        let equals: Vec<usize> =
            candidates.iter().map(|(place, _)| *place).filter(|place| calls(*place) == least).collect();
        self.first_in_turn(equals.into_iter())
    }
}

#[cfg(test)]
mod tests;
