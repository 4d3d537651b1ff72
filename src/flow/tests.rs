//! Whole transactions against a scripted host: the worked examples of docs/apigee-semantics.md 13, and rules that
//! involve flows, policies and faults together.

mod assign_message;
mod basic_authentication;
mod caches;
mod callouts;
mod client_messages;
mod early_calls;
mod endpoints;
mod faults;
mod integrations;
mod jwt;
mod key_value_maps;
mod memory;
mod null_templates;
mod predefined;
mod private;
mod publishing;
mod response_caches;
mod shared_flows;
mod target_requests;
mod targets;
mod traces;
mod variable_targets;
mod verbs;

use crate::config;
use crate::flow::call::{Call, Direction, Reply};
use crate::flow::headers::HeaderChange;
use crate::flow::scripted::{Effects, Scripted};
use crate::plan::{Plan, PolicyId};
use bytes::Bytes;
use serde_json::{Value, json};

/// The plan of a configuration in which one cluster serves every callout.
fn plan(configuration: &Value) -> Plan {
    let mut configuration = configuration.clone();
    configuration["clusters"] = json!({"*": "any"});
    match config::load(configuration.to_string().as_bytes()) {
        Ok(loaded) => loaded.plan,
        Err(problems) => panic!("{problems:#?}"),
    }
}

/// Runs policies in the request flow.
fn request_flow(policies: &[&str], host: &Scripted) -> Effects {
    host.run(&plan(&json!({"policies": policies})))
}

impl Effects {
    fn only_call(&self) -> &Call {
        let [call] = self.calls.as_slice() else { panic!("{:?}", self.calls) };
        call
    }

    /// Status and body of the reply.
    fn reply_status_and_body(&self) -> (u16, &str) {
        let reply = self.reply.as_ref().expect("there is no reply");
        (reply.status, std::str::from_utf8(&reply.body).unwrap())
    }

    /// The header changes of a direction as text: `name: value` or `-name`.
    fn changes(&self, direction: Direction) -> Vec<String> {
        let changes = self.changes.iter().filter(|(changed, _)| *changed == direction);
        changes
            .map(|(_, change)| match change {
                HeaderChange::Remove(name) => format!("-{name}"),
                HeaderChange::Set(name, values) => {
                    let values: Vec<_> = values.iter().map(|value| String::from_utf8_lossy(value)).collect();
                    format!("{name}: {}", values.join(" | "))
                }
            })
            .collect()
    }
}

impl Call {
    fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| std::str::from_utf8(value).unwrap())
    }

    /// `GET http://host/path`
    fn line(&self) -> String {
        let part = |name| self.header(name).unwrap_or_default();
        format!("{} {}://{}{}", part(":method"), part(":scheme"), part(":authority"), part(":path"))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| std::str::from_utf8(value).unwrap())
    }
}

/// A ServiceCallout named `SC` that stores its response in `answer`.
fn callout(request: &str) -> String {
    format!(
        "<ServiceCallout name='SC'>{request}<Response>answer</Response>
         <HTTPTargetConnection><URL>http://a.test/</URL></HTTPTargetConnection></ServiceCallout>"
    )
}
