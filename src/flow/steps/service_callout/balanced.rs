//! A callout through a load balancer: it tries one server after another (docs/apigee-semantics.md 2.9).

use super::CalloutFailure;
use crate::flow::balancing::{ActiveCall, Balancer};
use crate::flow::call::{CallFailure, CallReply};
use crate::flow::host::Host;
use crate::flow::message::MessageId;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::plan::PolicyId;
use crate::policy::connection::{LoadBalancer, ServerReference};
use crate::policy::service_callout::ServiceCallout;
use bytestring::ByteString;

impl<H: Host> Transaction<'_, H> {
    pub(super) async fn balanced(
        &mut self,
        id: PolicyId,
        policy: &ServiceCallout,
        balancer: &LoadBalancer,
        message: MessageId,
        waits: bool,
    ) -> Result<Option<CallReply>, CalloutFailure> {
        let ignore = policy.request.ignore_unresolved;
        let path = balancer.path.as_ref().map(|path| self.expand(path, ignore));
        let path = path.transpose()?.unwrap_or_default();
        let mut tried: Vec<usize> = Vec::new();
        let mut last = Err(CalloutFailure::NoActiveTargets);
        while let Some((index, server, occupied)) = self.choose_server(id, balancer, &tried) {
            self.record_server(balancer, server, &tried);
            let Some(target) = self.plan.balanced_servers(id).get(index) else { break };
            let destination = self.destination_on(policy, message, target.server.clone(), &path)?;
            last = self.exchange(id, policy, message, destination, waits).await;
            drop(occupied);
            // The outcome of a call without a receiver is unknown.
            if let Ok(None) = last {
                return last;
            }
            let is_failure = is_failure(balancer, &last);
            self.with_balancer(id, |balancing, now| balancing.report(balancer, index, is_failure, now));
            if !is_failure {
                return last;
            }
            tried.push(index);
            self.record_server(balancer, server, &tried);
            if !balancer.retry {
                break;
            }
        }
        last
    }

    fn choose_server<'p>(
        &mut self,
        id: PolicyId,
        balancer: &'p LoadBalancer,
        tried: &[usize],
    ) -> Option<(usize, &'p ServerReference, ActiveCall)> {
        let chosen = self.with_balancer(id, |balancing, now| balancing.choose(balancer, tried, now));
        let (index, occupied) = chosen.flatten()?;
        Some((index, balancer.servers.get(index)?, occupied))
    }

    /// Passes the worker's balancer of a policy to a function.
    fn with_balancer<T>(&self, id: PolicyId, act: impl FnOnce(&mut Balancer, std::time::Duration) -> T) -> Option<T> {
        let mut balancers = self.worker.balancers.try_borrow_mut().ok()?;
        let new = || Balancer::new(self.plan.balanced_servers(id).iter().map(|server| server.is_enabled));
        Some(act(balancers.entry(id).or_insert_with(new), self.host.now()))
    }

    /// `loadbalancing.*`, as for a TargetEndpoint. `[inferred]`
    fn record_server(&mut self, balancer: &LoadBalancer, server: &ServerReference, failed: &[usize]) {
        let failed: Vec<&str> =
            failed.iter().filter_map(|index| balancer.servers.get(*index)).map(|server| &*server.name).collect();
        let variables = [
            ("loadbalancing.targetserver", Value::String(server.name.clone())),
            ("loadbalancing.isfallback", Value::Boolean(server.is_fallback)),
            ("loadbalancing.failedservers", Value::text(failed.join(","))),
        ];
        for (name, value) in variables {
            self.set(ByteString::from_static(name), value);
        }
    }
}

/// Whether the outcome of a call counts as a failure of its server: no response, or a status listed as unhealthy.
fn is_failure(balancer: &LoadBalancer, outcome: &Result<Option<CallReply>, CalloutFailure>) -> bool {
    match outcome {
        Ok(Some(reply)) => balancer.is_unhealthy(reply.status),
        Err(CalloutFailure::Call(failure)) => !matches!(failure, CallFailure::TooLarge(_) | CallFailure::NoMemory),
        Ok(None) | Err(_) => false,
    }
}
