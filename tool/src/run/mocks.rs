//! `--mocks`: listeners of the same Envoy that respond in place of every service.

use crate::envoy_file::EnvoyFile;
use crate::message::{self, Parsed};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use envoy_callout::flow::headers::Headers;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use url::Url;

/// The status of a request without a mock, inside the Envoy. The response has the status 404.
const MISSING: u16 = 599;

/// An entry of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The method; every one without it.
    method: Option<String>,
    /// Host, path and query parameters. `*` at the end of the path is any rest, `*.` before the host any label.
    url: String,
    /// The file of the response, as `curl -i` prints it.
    response: PathBuf,
}

/// The responses in place of services.
#[derive(Debug)]
pub(super) struct Mocks {
    /// The routes of each host, in the order of the file.
    routes: BTreeMap<String, Vec<Value>>,
    longest_body: usize,
}

impl Mocks {
    /// Reads a file of responses. The paths in it are relative to its folder.
    ///
    /// # Errors
    /// A file cannot be read, or an entry or a response is invalid.
    pub(super) fn read(path: &Path) -> io::Result<Mocks> {
        let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {text}", path.display()));
        let folder = path.parent().unwrap_or(Path::new(""));
        let text = String::from_utf8(bytes(path)?).map_err(|error| invalid(error.to_string()))?;
        let entries: Vec<Entry> = serde_saphyr::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        let mut mocks = Mocks { routes: BTreeMap::new(), longest_body: 0 };
        for entry in entries {
            let file = folder.join(&entry.response);
            let response = message::response(&bytes(&file)?)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{}, {error}", file.display())))?;
            mocks.longest_body = mocks.longest_body.max(response.body.as_ref().map_or(0, bytes::Bytes::len));
            let (host, matching) = matching(&entry).map_err(invalid)?;
            mocks.routes.entry(host).or_default().push(route(matching, &response));
        }
        Ok(mocks)
    }

    /// Replaces every cluster of a configuration. The sockets of the mocks are in the folder.
    pub(super) fn replace_services(&self, file: &mut EnvoyFile, folder: &Path) {
        let mut sockets = Vec::new();
        file.replace_endpoints(&mut || {
            // Envoy merges endpoints with the same address, so each has its own.
            let socket = json!({"pipe": {"path": folder.join(format!("{}.sock", sockets.len()))}});
            sockets.push(socket.clone());
            socket
        });
        for (index, socket) in sockets.into_iter().enumerate() {
            file.add_listener(self.listener(&format!("mock-{index}"), &socket));
        }
    }

    fn listener(&self, name: &str, address: &Value) -> Value {
        let missing = json!({"match": {"prefix": "/"}, "direct_response": {"status": MISSING}});
        let comparison =
            json!({"op": "EQ", "value": {"default_value": MISSING, "runtime_key": "callout.mocks.missing"}});
        let not_found = json!({
            "filter": {"status_code_filter": {"comparison": comparison}},
            "status_code": 404,
            "body_format_override": {
                "text_format_source": {"inline_string": "no mock of %REQ(:METHOD)% %REQ(:AUTHORITY)%%REQ(:PATH)%\n"},
            },
        });
        let hosts = self.routes.iter().map(|(host, routes)| {
            let routes: Vec<&Value> = routes.iter().chain([&missing]).collect();
            json!({"name": host, "domains": [host], "routes": routes})
        });
        let other = json!({"name": "any", "domains": ["*"], "routes": [missing]});
        let manager = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "mocks",
            // A direct response has no command operators in its body, in Envoy 1.36.
            "local_reply_config": {"mappers": [not_found]},
            "route_config": {
                "ignore_port_in_host_matching": true,
                // The default is 4096 bytes.
                "max_direct_response_body_size_bytes": self.longest_body.max(4096),
                "virtual_hosts": hosts.chain([other]).collect::<Vec<_>>(),
            },
            "http_filters": [{
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
            }],
        });
        json!({
            "name": name,
            "address": address,
            "filter_chains": [{"filters": [
                {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager},
            ]}],
        })
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display())))
}

/// The host of an entry and the match of its route.
fn matching(entry: &Entry) -> Result<(String, Value), String> {
    let invalid = || format!("{:?} is not a URL with http or https, a host and a path", entry.url);
    // A URL has no wildcard in its host.
    let (wildcard, text) = match entry.url.split_once("://*.") {
        Some((scheme, rest)) => ("*.", format!("{scheme}://{rest}")),
        None => ("", entry.url.clone()),
    };
    let url = Url::parse(&text).map_err(|_| invalid())?;
    let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")).ok_or_else(invalid)?;
    let mut matching = match url.path().strip_suffix('*') {
        Some(prefix) => json!({"prefix": prefix}),
        None => json!({"path": url.path()}),
    };
    let parameters: Vec<Value> =
        url.query_pairs().map(|(name, value)| json!({"name": name, "string_match": {"exact": value}})).collect();
    if let Some(matching) = matching.as_object_mut() {
        if !parameters.is_empty() {
            matching.insert("query_parameters".to_owned(), json!(parameters));
        }
        if let Some(method) = &entry.method {
            matching.insert("headers".to_owned(), json!([{"name": ":method", "string_match": {"exact": method}}]));
        }
    }
    Ok((format!("{wildcard}{host}"), matching))
}

fn route(matching: Value, response: &Parsed) -> Value {
    let status = first(&response.headers, ":status").parse::<u16>().unwrap_or(200);
    let mut direct = json!({"status": status});
    if let (Some(body), Some(direct)) = (&response.body, direct.as_object_mut()) {
        let body = match std::str::from_utf8(body) {
            Ok(text) => json!({"inline_string": text}),
            Err(_) => json!({"inline_bytes": BASE64_STANDARD.encode(body)}),
        };
        direct.insert("body".to_owned(), body);
    }
    json!({"match": matching, "direct_response": direct, "response_headers_to_add": headers(&response.headers)})
}

fn first(headers: &Headers, name: &str) -> String {
    let found = headers.lines().find(|line| line.name() == name.as_bytes());
    found.map(|line| String::from_utf8_lossy(line.value()).into_owned()).unwrap_or_default()
}

/// The headers that Envoy does not set by itself.
fn headers(headers: &Headers) -> Vec<Value> {
    const OF_ENVOY: [&str; 3] = ["content-length", "transfer-encoding", "connection"];
    let mut added = Vec::new();
    for line in headers.lines() {
        let (name, value) = (String::from_utf8_lossy(line.name()), String::from_utf8_lossy(line.value()));
        if name.starts_with(':') || OF_ENVOY.contains(&&*name) {
            continue;
        }
        // A direct response has a content type of its own.
        let action = if name == "content-type" { "OVERWRITE_IF_EXISTS_OR_ADD" } else { "APPEND_IF_EXISTS_OR_ADD" };
        added.push(json!({"header": {"key": name, "value": value}, "append_action": action}));
    }
    added
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(method: Option<&str>, url: &str) -> Entry {
        Entry { method: method.map(str::to_owned), url: url.to_owned(), response: PathBuf::new() }
    }

    #[test]
    fn an_entry_matches_method_host_path_and_query() {
        let cases = [
            (entry(None, "https://a.test"), "a.test", json!({"path": "/"})),
            (entry(None, "http://a.test:8000/b/*"), "a.test", json!({"prefix": "/b/"})),
            (
                entry(Some("POST"), "http://*.a.test/b?c=d%20e&f"),
                "*.a.test",
                json!({
                    "path": "/b",
                    "query_parameters": [
                        {"name": "c", "string_match": {"exact": "d e"}},
                        {"name": "f", "string_match": {"exact": ""}},
                    ],
                    "headers": [{"name": ":method", "string_match": {"exact": "POST"}}],
                }),
            ),
        ];
        for (entry, host, expected) in cases {
            assert_eq!(matching(&entry), Ok((host.to_owned(), expected)), "{}", entry.url);
        }
        for url in ["a.test/b", "ftp://a.test/", ""] {
            let error = format!("{url:?} is not a URL with http or https, a host and a path");
            assert_eq!(matching(&entry(None, url)), Err(error));
        }
    }

    #[test]
    fn a_response_becomes_a_direct_response() {
        let text = b"HTTP/1.1 404 Not Found\nContent-Type: text/xml\nContent-Length: 2\nA: 1\nA: 2\n\nno";
        let route = route(json!({"path": "/"}), &message::response(text).unwrap());
        assert_eq!(route["direct_response"], json!({"status": 404, "body": {"inline_string": "no"}}));
        let header = |key: &str, value: &str, action: &str| json!({"header": {"key": key, "value": value}, "append_action": action});
        let expected = json!([
            header("content-type", "text/xml", "OVERWRITE_IF_EXISTS_OR_ADD"),
            header("a", "1", "APPEND_IF_EXISTS_OR_ADD"),
            header("a", "2", "APPEND_IF_EXISTS_OR_ADD"),
        ]);
        assert_eq!(route["response_headers_to_add"], expected);
        let binary = message::response(b"HTTP/1.1 200 OK\n\n\xff").unwrap();
        let route = super::route(json!({}), &binary);
        assert_eq!(route["direct_response"], json!({"status": 200, "body": {"inline_bytes": "/w=="}}));
    }
}
