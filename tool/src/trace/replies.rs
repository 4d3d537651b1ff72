//! The replies of `--reply`: responses to calls, or failures.

use super::{TraceError, read_file};
use crate::message;
use envoy_callout::flow::call::{CallFailure, CallReply};
use envoy_callout::flow::headers::Headers;
use envoy_callout::flow::scripted::{CallResult, Replies};
use envoy_callout::plan::{Plan, PolicyId};
use envoy_callout::suggestion;
use std::collections::BTreeMap;
use std::path::Path;

/// The replies and their arguments.
#[derive(Debug, Default)]
pub(super) struct Given {
    in_order: Vec<(String, CallResult)>,
    by_policy: BTreeMap<PolicyId, Vec<(String, CallResult)>>,
}

impl Given {
    /// Reads the arguments: `FILE` or `POLICY=FILE`. The name of a failure can replace the file.
    ///
    /// # Errors
    /// A file is not a response or cannot be read, or a policy is unknown.
    pub(super) fn read(arguments: &[String], plan: &Plan) -> Result<Given, TraceError> {
        let mut given = Given::default();
        for argument in arguments {
            let (policy, file) = match argument.split_once('=').filter(|_| !Path::new(argument).exists()) {
                Some((policy, file)) => (Some(policy), file),
                None => (None, argument.as_str()),
            };
            let reply = (argument.clone(), reply(file)?);
            match policy {
                None => given.in_order.push(reply),
                Some(name) => {
                    let id = plan.policy_id(name).ok_or_else(|| unknown_policy(name, plan))?;
                    given.by_policy.entry(id).or_default().push(reply);
                }
            }
        }
        Ok(given)
    }

    /// The replies in the order of the calls.
    pub(super) fn in_order(&self) -> Replies {
        self.in_order.iter().map(|(_, reply)| reply.clone()).collect()
    }

    /// The replies by policy.
    pub(super) fn by_policy(&self) -> BTreeMap<PolicyId, Replies> {
        let replies = |list: &Vec<(String, CallResult)>| list.iter().map(|(_, reply)| reply.clone()).collect();
        self.by_policy.iter().map(|(id, list)| (*id, replies(list))).collect()
    }

    /// The arguments of unused replies. The parameters are the remaining replies.
    pub(super) fn unused(&self, in_order: usize, by_policy: &BTreeMap<PolicyId, Replies>) -> Vec<String> {
        let last = |list: &[(String, CallResult)], count: usize| {
            let names = list.iter().skip(list.len().saturating_sub(count)).map(|(name, _)| name.clone());
            names.collect::<Vec<_>>()
        };
        let mut unused = last(&self.in_order, in_order);
        for (id, left) in by_policy {
            unused.extend(self.by_policy.get(id).into_iter().flat_map(|list| last(list, left.len())));
        }
        unused
    }

    /// The headers of all replies.
    pub(super) fn headers(&self) -> impl Iterator<Item = &Headers> {
        let all = self.in_order.iter().chain(self.by_policy.values().flatten());
        all.filter_map(|(_, reply)| reply.as_ref().ok().map(|response| &response.headers))
    }
}

/// The outcomes that can replace a file.
const OUTCOMES: [(&str, CallFailure); 3] =
    [("timeout", CallFailure::Timeout), ("unreachable", CallFailure::Unreachable), ("reset", CallFailure::Reset)];

fn unknown_policy(name: &str, plan: &Plan) -> TraceError {
    let policy = name.rsplit('/').next().unwrap_or(name);
    let hint = suggestion::hint(policy, plan.policies.iter().map(|policy| &*policy.attributes().name));
    TraceError::UnknownPolicy { name: name.to_owned(), hint }
}

fn reply(file: &str) -> Result<CallResult, TraceError> {
    let path = Path::new(file);
    if !path.exists() {
        if let Some((_, failure)) = OUTCOMES.into_iter().find(|(name, _)| *name == file) {
            return Ok(Err(failure));
        }
        let hint = suggestion::hint(file, OUTCOMES.map(|(name, _)| name));
        if !hint.is_empty() {
            return Err(TraceError::UnknownOutcome { word: file.to_owned(), hint });
        }
    }
    let message = read_file(path, message::response)?;
    let status = message.headers.joined(":status").and_then(|status| status.parse().ok()).unwrap_or_default();
    let mut headers = message.headers;
    headers.remove(":status");
    Ok(Ok(CallReply { status, headers, body: message.body.unwrap_or_default() }))
}
