//! The content codings of a stored response and those that a client accepts (docs/apigee-semantics.md 12.3).

use crate::flow::headers::Headers;
use std::collections::BTreeMap;

/// Whether a client accepts every `Content-Encoding` of a stored response (RFC 9110 section 12.5.3). A client without
/// `Accept-Encoding` accepts none. `[inferred]`
pub(super) fn is_accepted(client: &Headers, stored: &Headers) -> bool {
    let codings = stored.values("content-encoding").into_iter().map(|coding| canonical(&coding));
    // The values say whether the client accepts or rejects the coding by its name.
    let mut codings: BTreeMap<String, Option<bool>> =
        codings.filter(|coding| !coding.is_empty() && coding != "identity").map(|coding| (coding, None)).collect();
    if codings.is_empty() {
        return true;
    }
    let mut others = false;
    for value in client.values("accept-encoding") {
        let (coding, parameters) = value.split_once(';').unwrap_or((&value, ""));
        let is_accepted = parameters.split(';').all(is_not_zero);
        match canonical(coding) {
            any if any == "*" => others = is_accepted,
            coding => {
                if let Some(known) = codings.get_mut(&coding) {
                    *known = Some(known.unwrap_or(true) && is_accepted);
                }
            }
        }
    }
    codings.into_values().all(|known| known.unwrap_or(others))
}

/// The name of a coding in lower case, and without the `x-` of an old name.
fn canonical(coding: &str) -> String {
    let name = coding.trim().to_ascii_lowercase();
    match &*name {
        "x-gzip" | "x-compress" => name.replacen("x-", "", 1),
        _ => name,
    }
}

/// Whether a parameter is another one than a weight of zero. A weight that is not a number counts as zero.
fn is_not_zero(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some((name, weight)) if name.trim().eq_ignore_ascii_case("q") => {
            weight.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn headers(name: &'static str, lines: &[&'static str]) -> Headers {
        Headers::new(lines.iter().map(|line| (Bytes::from(name), Bytes::from(*line))).collect())
    }

    #[test]
    fn a_client_accepts_the_codings_that_it_names() {
        type Lines<'l> = &'l [&'static str];
        let cases: [(Lines<'_>, Lines<'_>, bool); 36] = [
            (&[], &[], true),
            (&[], &["identity"], true),
            (&[], &[""], true),
            (&[], &["Identity, "], true),
            (&["identity;q=0"], &[], true),
            (&["*;q=0"], &["identity"], true),
            (&[], &["gzip"], false),
            (&[""], &["gzip"], false),
            (&["identity"], &["gzip"], false),
            (&["br"], &["gzip"], false),
            (&["gzip"], &["gzip"], true),
            (&["br, GZip"], &["gzip"], true),
            (&["br", "gzip"], &["GZIP"], true),
            (&["gzip;q=0.001"], &["gzip"], true),
            (&["gzip ; Q = 1.0"], &["gzip"], true),
            (&["gzip;q=0"], &["gzip"], false),
            (&["gzip; Q=0.000"], &["gzip"], false),
            (&["gzip;q="], &["gzip"], false),
            (&["gzip;q=all"], &["gzip"], false),
            (&["gzip;level=0"], &["gzip"], true),
            (&["gzip;level=1;q=0"], &["gzip"], false),
            (&["gzip, gzip;q=0"], &["gzip"], false),
            (&["gzip;q=0", "x-gzip"], &["gzip"], false),
            (&["x-gzip"], &["gzip"], true),
            (&["gzip"], &["X-GZIP"], true),
            (&["compress"], &["x-compress"], true),
            (&["x-br"], &["br"], false),
            (&["*"], &["gzip"], true),
            (&["*;q=0"], &["gzip"], false),
            (&["*, gzip;q=0"], &["gzip"], false),
            (&["gzip, *;q=0"], &["gzip"], true),
            (&["gzip, br"], &["br, gzip"], true),
            (&["gzip"], &["br, gzip"], false),
            (&["gzip"], &["br", "gzip"], false),
            (&["gzip, *"], &["br", "gzip, identity"], true),
            (&["gzip"], &["*"], false),
        ];
        for (accepted, codings, expected) in cases {
            let (client, stored) = (headers("Accept-Encoding", accepted), headers("content-encoding", codings));
            assert_eq!(is_accepted(&client, &stored), expected, "{accepted:?} {codings:?}");
        }
    }

    #[test]
    fn many_codings_take_linear_time() {
        let many: Vec<_> = (0..50_000).map(|number| format!("c{number}")).collect();
        let lines = |name: &'static str| Headers::new(vec![(Bytes::from(name), Bytes::from(many.join(",")))]);
        assert!(is_accepted(&lines("accept-encoding"), &lines("content-encoding")));
    }
}
