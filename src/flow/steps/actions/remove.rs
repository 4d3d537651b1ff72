//! `Remove`: removes parts of a message (docs/apigee-semantics.md 3.5).

use crate::flow::message::{Message, RequestLine, StatusLine};
use crate::flow::parameters::Parameters;
use crate::policy::action::{NamedValues, Parts, Selection};
use bytes::Bytes;

/// Removes parts; all of them when the policy names none.
pub(super) fn remove(message: &mut Message, parts: Option<&Parts>) {
    // Without children, headers, query parameters and the body are removed. The rest of the start line stays.
    let everything = Parts { headers: Selection::All, query_params: Selection::All, payload: true, ..Parts::default() };
    let parts = parts.unwrap_or(&everything);
    match &parts.form_params {
        // A response has no form parameters (docs/apigee-semantics.md 3.3).
        _ if message.as_request().is_none() => {}
        Selection::None => {}
        Selection::All if message.form().is_empty() => {}
        Selection::All => message.set_body(Bytes::new()),
        Selection::Named(names) => {
            let mut form = message.form();
            if !form.is_empty() {
                remove_parameters(&mut form, names);
                message.set_form(&form);
            }
        }
    }
    match &parts.headers {
        Selection::None => {}
        Selection::All => message.headers.clear(),
        Selection::Named(names) => {
            let (whole, numbered) = split(names);
            message.headers.remove_all(&whole);
            numbered.for_each(|named| message.headers.remove_values(&named.name, &named.numbers));
        }
    }
    if parts.payload {
        message.set_body(Bytes::new());
    }
    if let Some(line) = message.as_request_mut() {
        remove_from_request(line, parts);
    }
    if let Some(line) = message.as_response_mut() {
        let fresh = StatusLine::new(200);
        if parts.status_code {
            line.status = fresh.status;
        }
        if parts.reason_phrase || parts.status_code {
            line.reason = StatusLine::new(line.status).reason;
        }
    }
}

fn remove_from_request(line: &mut RequestLine, parts: &Parts) {
    let fresh = RequestLine::default();
    match &parts.query_params {
        Selection::None => {}
        Selection::All => line.change_query(Parameters::clear),
        Selection::Named(names) => line.change_query(|query| remove_parameters(query, names)),
    }
    if parts.verb {
        line.verb = fresh.verb;
    }
    if parts.path {
        line.path = fresh.path;
    }
    if parts.version {
        line.version = fresh.version;
    }
}

fn remove_parameters(parameters: &mut Parameters, names: &[NamedValues]) {
    let (whole, numbered) = split(names);
    if !whole.is_empty() {
        parameters.retain(|name| !whole.contains(&name));
    }
    numbered.for_each(|named| parameters.remove_values(&named.name, &named.numbers));
}

/// The names without numbers, whose values are all removed, and the names with numbers.
fn split(names: &[NamedValues]) -> (Vec<&str>, impl Iterator<Item = &NamedValues>) {
    let whole = names.iter().filter(|named| named.numbers.is_empty()).map(|named| &*named.name).collect();
    (whole, names.iter().filter(|named| !named.numbers.is_empty()))
}
