mod messages;
mod payloads;

use super::*;
use crate::diagnostic::Diagnostics;
use crate::flow::headers::Headers;
use crate::flow::message::Message;
use crate::flow::scripted::Scripted;
use crate::language::xml::Document;

type Running<'a> = Transaction<'a, Scripted>;

/// Runs a policy with some content after `prepare` has set messages and variables. Returns the variables that it sets
/// as `name=value`, or its fault as `code: reason`.
fn extract(client: &Scripted, prepare: &dyn Fn(&mut Running<'_>), content: &str) -> Result<Vec<String>, String> {
    let plan = crate::config::load(br#"{"policies": [], "proxy": {"base_path": "/v1"}}"#).unwrap().plan;
    let mut transaction = Transaction::new(&plan, &client.worker, client);
    prepare(&mut transaction);
    let policy = policy(content);
    let before = transaction.variables.clone();
    let result = transaction.extract_variables(&policy);
    let set = transaction.variables.iter().filter(|(name, value)| before.get(name) != Some(value));
    let set = set.filter_map(|(name, value)| match value {
        Value::Message(_) => None,
        Value::String(text) => Some(format!("{name}={text}")),
        value => Some(format!("{name}={value:?}")),
    });
    let mut set: Vec<String> = set.collect();
    set.sort();
    result.map(|()| set).map_err(|fault| {
        assert_eq!(fault.status, 500);
        format!("{}: {}", fault.code, fault.reason)
    })
}

fn policy(content: &str) -> ExtractVariables {
    let text = format!("<ExtractVariables name='EV'>{content}</ExtractVariables>");
    let document = Document::parse(&text).unwrap();
    let mut diagnostics = Diagnostics::default();
    let policy = ExtractVariables::parse(document.root(), &mut diagnostics);
    policy.unwrap_or_else(|| panic!("{:?}", diagnostics.into_vec()))
}

/// A message with headers and a body.
fn filled(mut message: Message, headers: &[(&'static str, &'static str)], body: &str) -> Message {
    let lines = headers.iter().map(|(name, value)| (Bytes::from(*name), Bytes::from(*value)));
    message.headers = Headers::new(lines.collect());
    message.body = Bytes::copy_from_slice(body.as_bytes());
    message
}

fn nothing(_: &mut Running<'_>) {}

/// Sets a variable before the policy runs.
fn setting(name: &'static str, text: &'static str) -> impl Fn(&mut Running<'_>) {
    move |transaction| transaction.set(name.into(), Value::text(text))
}
