mod messages;
mod payloads;

use super::*;
use crate::diagnostic::Diagnostics;
use crate::flow::headers::Headers;
use crate::flow::message::Message;
use crate::flow::parameters::{Kind, Parameters};
use crate::flow::scripted::Scripted;
use crate::plan::Plan;
use crate::policy::xml::Document;

/// What to extract from, and what a policy of that content makes of it.
struct Case {
    host: Scripted,
    plan: Plan,
    messages: Vec<(&'static str, Message)>,
    variables: Vec<(&'static str, Value)>,
    prefix: &'static str,
}

impl Case {
    /// A client that sends that, without policies.
    fn client(path: &str, headers: &[(&str, &str)], body: &str) -> Case {
        let configuration = r#"{"policies": ["<ServiceCallout name='SC'><HTTPTargetConnection><URL>http://a.test</URL></HTTPTargetConnection></ServiceCallout>"],
            "request": ["SC"], "clusters": {"http://a.test": "a"}, "proxy": {"basepath": "/v1"}}"#;
        let (plan, problems) = crate::config::load(configuration.as_bytes());
        Case {
            host: Scripted::client("GET", path, headers).with_body(body),
            plan: plan.unwrap_or_else(|| panic!("{problems:?}")),
            messages: Vec::new(),
            variables: Vec::new(),
            prefix: "",
        }
    }
}
