//! `Copy`: copies parts of another message (docs/apigee-semantics.md 3.4).

use crate::flow::headers::Headers;
use crate::flow::indexed;
use crate::flow::message::{Message, StatusLine};
use crate::flow::parameters::Parameters;
use crate::policy::action::{NamedValues, Parts, Selection};
use bytes::Bytes;
use bytestring::ByteString;

/// The parts that are copied when the policy names none.
pub(super) fn everything() -> Parts {
    Parts {
        headers: Selection::All,
        query_params: Selection::All,
        payload: true,
        verb: true,
        path: true,
        version: true,
        status_code: true,
        reason_phrase: true,
        ..Parts::default()
    }
}

/// Copies parts. Parts that only one of the two messages has stay unchanged.
pub(super) fn copy_parts(source: &Message, target: &mut Message, parts: &Parts) {
    copy_headers(&source.headers, &mut target.headers, &parts.headers);
    if parts.payload {
        target.set_body(source.body.clone());
    }
    if let (Some(from), Some(to)) = (source.as_request(), target.as_request_mut()) {
        to.change_query(|query| copy_parameters(&from.query, query, &parts.query_params));
        if parts.verb {
            to.verb = from.verb.clone();
        }
        if parts.path {
            to.path = from.path.clone();
        }
        if parts.version {
            to.version = from.version.clone();
        }
        // The target does not become a form when the source has none of the parameters.
        let mut form = target.form();
        if copy_parameters(&source.form(), &mut form, &parts.form_params) {
            target.set_form(&form);
        }
    }
    if let (Some(from), Some(to)) = (source.as_response(), target.as_response_mut()) {
        if parts.status_code {
            to.status = from.status;
            to.reason = StatusLine::new(from.status).reason;
        }
        if parts.reason_phrase {
            to.reason = from.reason.clone();
        }
    }
}

/// Copies headers. They replace those with the same name (docs/apigee-semantics.md 3.4). `[inferred]`
fn copy_headers(from: &Headers, to: &mut Headers, selection: &Selection) {
    match selection {
        Selection::None => {}
        Selection::All => to.replace_all(from),
        Selection::Named(names) => {
            let lines = |NamedValues { name, numbers }: &NamedValues| -> Vec<Bytes> {
                match numbers.as_slice() {
                    [] => from.lines_of(name).collect(),
                    numbers => {
                        indexed::select(from.values(name), numbers).into_iter().map(ByteString::into_bytes).collect()
                    }
                }
            };
            let changes = names.iter().map(|named| (named.name.clone(), lines(named)));
            to.replace(changes.filter(|(_, lines)| !lines.is_empty()).collect());
        }
    }
}

/// Copies parameters. Returns whether the source has any of them.
fn copy_parameters(from: &Parameters, to: &mut Parameters, selection: &Selection) -> bool {
    match selection {
        Selection::None => false,
        Selection::All if from.is_empty() => false,
        Selection::All => {
            // Without parameters in the target, the source keeps its spelling if it has the same meaning there.
            if to.is_empty() && to.has_kind_of(from) {
                to.add_text(from.as_text());
            } else {
                to.set_all(from);
            }
            true
        }
        Selection::Named(names) => {
            let mut is_copied = false;
            for NamedValues { name, numbers } in names {
                is_copied |= set_all(to, name, &indexed::select(from.values(name), numbers));
            }
            is_copied
        }
    }
}

/// Sets all values of a name. Returns whether there is a value.
fn set_all(parameters: &mut Parameters, name: &str, values: &[ByteString]) -> bool {
    if !values.is_empty() {
        parameters.set_values(name, &values.iter().map(|value| &**value).collect::<Vec<_>>());
    }
    !values.is_empty()
}
