//! The response that a request must get, the calls that it must cause, and the metrics that must count them.

use super::behaviour::{Behaviour, Outcome};
use super::configuration::policy;
use super::lab::{ClientResponse, Message};
use super::ledger::{Calls, Ledger};
use super::report::Check;
use super::request::Ask;

/// Faults of a call to a server that is killed: the connection is refused, or it ends.
const AFTER_KILL: [(&str, Outcome); 2] =
    [("Host not reachable", Outcome::Unreachable), ("Connection reset", Outcome::Fault)];

/// A response without its framing.
pub struct Seen<'r> {
    pub status: u16,
    pub body: &'r [u8],
    pub header: &'r dyn Fn(&str) -> Option<String>,
}

/// Checks a response of the lab's client.
pub fn judge(ask: &Ask, response: &ClientResponse, revisions: &[u64], check: Check, ledger: &Ledger) {
    let header = |name: &str| response.header_bytes(name).map(|value| String::from_utf8_lossy(value).into_owned());
    let seen = Seen { status: response.status, body: response.body(), header: &header };
    if response.is_complete() {
        judge_seen(ask, &seen, revisions, check, ledger);
    } else {
        ledger.findings.add(check, format!("{}: the response is cut", ask.id));
        ledger.finish(&ask.id, ANY);
    }
}

/// Any calls, but none twice.
pub const ANY: Calls = [(0, 1); 6];

/// Checks a response. `revisions` are those of the plan that can be active.
pub fn judge_seen(ask: &Ask, seen: &Seen<'_>, revisions: &[u64], check: Check, ledger: &Ledger) {
    let name = |name: &str| policy(name, ask.listener);
    let mut expected = Expected { calls: [(0, 0); 6], counted: Vec::new(), response: None };
    expected.call(0, name("SC-User"), ask.user.outcome());
    let fault = ask.user.reason(&name("SC-User")).map(|reason| (name("SC-User"), reason));
    expected.response = fault.map(|(policy, reason)| match ask.user {
        Behaviour::Unknown => (404, format!(r#"{{"error":"no user","id":"{}"}}"#, ask.id)),
        _ => (500, fault_json(&policy, &reason)),
    });
    if expected.response.is_none() {
        if let Some(optional) = ask.optional {
            expected.call(1, name("SC-Optional"), optional.outcome());
        }
        expected.killed(ask, seen, &name("SC-Killed"));
    }
    if expected.response.is_none() {
        expected.calls[3] = (1, 1);
        expected.counted.push((name("SC-Log"), None));
        expected.calls[5] = (1, 1);
        if let Some(audit) = ask.audit {
            expected.call(4, name("SC-Audit"), audit.outcome());
            let reason = audit.reason(&name("SC-Audit"));
            expected.response = reason.map(|reason| (500, fault_json(&name("SC-Audit"), &reason)));
        }
    }
    ledger.finish(&ask.id, expected.calls);
    expected.counted.into_iter().for_each(|(policy, outcome)| ledger.count(policy, outcome));
    let problem = match &expected.response {
        Some((status, body)) => failed(seen, *status, body),
        None => succeeded(ask, seen, revisions),
    };
    ledger.findings.checked(check, 1);
    ledger.findings.checked(Check::MixedUp, 1);
    if ask.optional.is_some() {
        ledger.findings.checked(Check::ErrorShown, 1);
    }
    if let Some(problem) = problem {
        let text = String::from_utf8_lossy(seen.body);
        let check = match () {
            () if has_other_id(ask, seen) => Check::MixedUp,
            () if text.contains("SC-Optional") => Check::ErrorShown,
            () => check,
        };
        let text: String = text.chars().take(200).collect();
        ledger.findings.add(check, format!("{problem}; {ask} got {} {text:?}", seen.status));
    }
}

struct Expected {
    calls: Calls,
    counted: Vec<(String, Option<Outcome>)>,
    /// Status and body of a fault.
    response: Option<(u16, String)>,
}

impl Expected {
    fn call(&mut self, service: usize, policy: String, outcome: Outcome) {
        self.calls[service] = (1, 1);
        self.counted.push((policy, Some(outcome)));
    }

    /// The response shows whether the call to the server that is killed succeeded.
    fn killed(&mut self, ask: &Ask, seen: &Seen<'_>, policy: &str) {
        if !ask.kill {
            return;
        }
        let faults = AFTER_KILL.map(|(reason, outcome)| (fault_json(policy, reason), outcome));
        let found = faults.into_iter().find(|(text, _)| seen.status == 500 && seen.body == text.as_bytes());
        match found {
            Some((text, outcome)) => {
                self.calls[2] = (0, 1);
                self.counted.push((policy.to_owned(), Some(outcome)));
                self.response = Some((500, text));
            }
            None => self.call(2, policy.to_owned(), Outcome::Ok),
        }
    }
}

fn fault_json(policy: &str, reason: &str) -> String {
    format!(
        r#"{{"fault":{{"faultstring":"Execution of ServiceCallout {policy} failed. Reason: {reason}","detail":{{"errorcode":"steps.servicecallout.ExecutionFailed"}}}}}}"#
    )
}

fn failed(seen: &Seen<'_>, status: u16, body: &str) -> Option<String> {
    let is_expected = seen.status == status
        && seen.body == body.as_bytes()
        && (seen.header)("content-type").as_deref() == Some("application/json");
    (!is_expected).then(|| format!("not {status} {body:?}"))
}

fn succeeded(ask: &Ask, seen: &Seen<'_>, revisions: &[u64]) -> Option<String> {
    let own = |is_asked: bool| if is_asked { ask.id.clone() } else { "none".to_owned() };
    let optional = match ask.optional {
        None => "none/none".to_owned(),
        Some(behaviour) => {
            let status = behaviour.status().map_or_else(|| "none".to_owned(), |status| status.to_string());
            format!("{status}/{}", behaviour.reason("").is_some())
        }
    };
    for (name, expected) in
        [("saw-x-optional", optional), ("saw-x-killed", own(ask.kill)), ("x-audit", own(ask.audit.is_some()))]
    {
        let found = (seen.header)(name);
        if found.as_deref() != Some(&expected) {
            return Some(format!("{name} is {found:?} instead of {expected}"));
        }
    }
    let revision = (seen.header)("x-revision").and_then(|text| text.parse().ok());
    if !revision.is_some_and(|revision| revisions.contains(&revision)) {
        return Some(format!("revision {revision:?} is not one of {revisions:?}"));
    }
    let body = format!("{0}:{0}:{1}", ask.id, ask.body.as_deref().unwrap_or_default());
    (seen.status != 200 || seen.body != body.as_bytes()).then(|| "not 200 with the own body".to_owned())
}

/// Whether a part of the response that contains an id has the id of another request.
fn has_other_id(ask: &Ask, seen: &Seen<'_>) -> bool {
    let text = String::from_utf8_lossy(seen.body).into_owned();
    let in_headers = ["x-audit", "saw-x-killed"].into_iter().filter_map(|name| (seen.header)(name));
    let in_body = text.split([':', '"']).take(12).map(str::to_owned);
    in_headers.chain(in_body).any(|part| {
        let is_id = part.strip_prefix('r').is_some_and(|number| number.parse::<u64>().is_ok());
        is_id && part != ask.id
    })
}
