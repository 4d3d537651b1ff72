//! Input of a client or of a callout's server that could exhaust a worker's memory or time. Every case ends with a
//! request that the same worker serves.

use sha2::{Digest, Sha256};

use crate::lab::{Lab, Listener};
use crate::policy::set;

mod bodies_as_code;
mod growth;
mod held_bodies;
mod json_documents;
mod parameters;
mod small_blocks;
mod xml_documents;

/// The default of `max_response_bytes`.
const MAX_BYTES: usize = 10 << 20;

pub fn cases(lab: &mut Lab) {
    json_documents::cases(lab);
    xml_documents::cases(lab);
    parameters::cases(lab);
    bodies_as_code::cases(lab);
    growth::cases(lab);
    held_bodies::cases(lab);
    small_blocks::cases(lab);
}

/// A policy that sets the headers `x-NAME` of the upstream's request to these templates.
fn result_headers(templates: &[(&str, &str)]) -> String {
    let header = |(name, template): &(&str, &str)| format!("<Header name=\"x-{name}\">{template}</Header>");
    set("AM-Result", &format!("<Headers>{}</Headers>", templates.iter().map(header).collect::<String>()))
}

/// A listener that accepts bodies of 16 MiB.
fn large_bodies(listener: Listener) -> Listener {
    listener.allow_on_headers_stop_iteration().per_connection_buffer_limit_bytes(16 << 20)
}

/// The result of the template function `sha256Hex` for a text.
fn sha256(text: impl AsRef<[u8]>) -> String {
    base16ct::lower::encode_string(&Sha256::digest(text))
}
