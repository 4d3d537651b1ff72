//! What the services that are called answer: `--reply`.

use super::{TraceError, message, read_file};
use envoy_callout::flow::call::{CallFailure, CallReply};
use envoy_callout::flow::headers::Headers;
use envoy_callout::flow::scripted::{Answer, Replies};
use envoy_callout::plan::{Plan, PolicyId};
use std::collections::BTreeMap;
use std::path::Path;

/// The answers, and what they were called.
#[derive(Debug, Default)]
pub(super) struct Given {
    in_order: Vec<(String, Answer)>,
    by_policy: BTreeMap<PolicyId, Vec<(String, Answer)>>,
}

impl Given {
    /// Reads the arguments: `FILE` or `POLICY=FILE`, where a word may stand for a failure instead of a file.
    ///
    /// # Errors
    /// A file is no response, or cannot be read; there is no such policy.
    pub(super) fn read(arguments: &[String], plan: &Plan) -> Result<Given, TraceError> {
        let mut given = Given::default();
        for argument in arguments {
            let (policy, file) = match argument.split_once('=').filter(|_| !Path::new(argument).exists()) {
                Some((policy, file)) => (Some(policy), file),
                None => (None, argument.as_str()),
            };
            let answer = (argument.clone(), answer(file)?);
            match policy {
                None => given.in_order.push(answer),
                Some(name) => {
                    let id = plan.policy_id(name).ok_or_else(|| TraceError::NoSuchPolicy(name.to_owned()))?;
                    given.by_policy.entry(id).or_default().push(answer);
                }
            }
        }
        Ok(given)
    }

    /// The answers that go to whoever calls next.
    pub(super) fn in_order(&self) -> Replies {
        self.in_order.iter().map(|(_, answer)| answer.clone()).collect()
    }

    /// The answers of single policies.
    pub(super) fn by_policy(&self) -> BTreeMap<PolicyId, Replies> {
        let answers = |list: &Vec<(String, Answer)>| list.iter().map(|(_, answer)| answer.clone()).collect();
        self.by_policy.iter().map(|(id, list)| (*id, answers(list))).collect()
    }

    /// The answers that are left over when so many are.
    pub(super) fn unused(&self, in_order: usize, by_policy: &BTreeMap<PolicyId, Replies>) -> Vec<String> {
        let last = |list: &[(String, Answer)], count: usize| {
            let names = list.iter().skip(list.len().saturating_sub(count)).map(|(name, _)| name.clone());
            names.collect::<Vec<_>>()
        };
        let mut unused = last(&self.in_order, in_order);
        for (id, left) in by_policy {
            unused.extend(self.by_policy.get(id).into_iter().flat_map(|list| last(list, left.len())));
        }
        unused
    }

    /// The headers of all answers.
    pub(super) fn headers(&self) -> impl Iterator<Item = &Headers> {
        let all = self.in_order.iter().chain(self.by_policy.values().flatten());
        all.filter_map(|(_, answer)| answer.as_ref().ok().map(|reply| &reply.headers))
    }
}

fn answer(file: &str) -> Result<Answer, TraceError> {
    let failure = match file {
        "timeout" => Some(CallFailure::Timeout),
        "unreachable" => Some(CallFailure::Unreachable),
        "reset" => Some(CallFailure::Reset),
        _ => None,
    };
    let path = Path::new(file);
    if let Some(failure) = failure.filter(|_| !path.exists()) {
        return Ok(Err(failure));
    }
    let message = read_file(path, message::response)?;
    let status = message.headers.joined(":status").and_then(|status| status.parse().ok()).unwrap_or_default();
    let mut headers = message.headers;
    headers.remove(":status");
    Ok(Ok(CallReply { status, headers, body: message.body.unwrap_or_default() }))
}
