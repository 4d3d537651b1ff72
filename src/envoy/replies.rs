//! Local replies of the host itself, and the difference between responses of an upstream and those of Envoy.

use crate::flow::call::Reply;
use crate::flow::fault::{Fault, FaultFormat, SERVICE_UNAVAILABLE_TEXT};
use bytes::Bytes;
use bytestring::ByteString;

/// The prefixes of `%RESPONSE_CODE_DETAILS%` for a response of the upstream, or of the route itself.
const UPSTREAM_DETAILS: [&[u8]; 2] = [b"via_upstream", b"direct_response"];

/// Whether a response with these `%RESPONSE_CODE_DETAILS%` is the upstream's, or that of the route itself. All other
/// responses are local replies of Envoy or of a filter.
pub fn is_of_upstream(details: &[u8]) -> bool {
    UPSTREAM_DETAILS.iter().any(|upstream| details.starts_with(upstream))
}

/// The reply to a client when the worker has no memory left for the body.
#[cold]
pub fn no_memory() -> Reply {
    of_fault(&Fault::service_unavailable(SERVICE_UNAVAILABLE_TEXT), "callout_no_memory")
}

/// The reply with the default body of a fault. `details` is the value of `%RESPONSE_CODE_DETAILS%`.
#[cold]
pub fn of_fault(fault: &Fault, details: &str) -> Reply {
    let (body, content_type) = fault.body(FaultFormat::Json);
    Reply {
        status: fault.status,
        headers: vec![(ByteString::from_static("content-type"), Bytes::from_static(content_type.as_bytes()))],
        body: Bytes::from(body),
        details: details.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_upstreams_and_routes_have_these_details() {
        for (details, expected) in [
            ("via_upstream", true),
            ("direct_response", true),
            ("upstream_reset_before_response_started{remote_reset}", false),
            ("callout_fault", false),
            ("", false),
        ] {
            assert_eq!(is_of_upstream(details.as_bytes()), expected, "{details}");
        }
    }

    #[test]
    fn a_worker_without_memory_replies_with_a_fault() {
        let reply = no_memory();
        assert_eq!((reply.status, &*reply.details), (503, "callout_no_memory"));
        assert_eq!(reply.headers.len(), 1);
        assert!(String::from_utf8_lossy(&reply.body).contains(SERVICE_UNAVAILABLE_TEXT));
    }
}
