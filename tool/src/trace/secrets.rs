//! Masks private variables, credentials and cookies in all texts of a trace.

use super::mask::{Mask, Part};
use bytes::Bytes;
use envoy_callout::flow::headers::Headers;
use envoy_callout::flow::trace::{EvaluatedCondition, Event, ReplySource};
use envoy_callout::plan::{Constant, Plan};
use envoy_callout::policy::Policy;
use envoy_callout::policy::authentication::Authentication;
use envoy_callout::policy::variable::is_private;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeSet;

/// The mask.
const MASK: &str = "********";

/// Minimum length of a secret that is masked in other texts. Shorter texts are too common.
const LEAST_LENGTH: usize = 4;

/// Headers with secret values.
const HEADERS: [&str; 7] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-serverless-authorization",
    "x-goog-iap-jwt-assertion",
    "x-goog-api-key",
];

/// The characters that a URL percent-encodes: the smallest and the largest usual set.
const SMALLEST_SET: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'%');
const LARGEST_SET: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Masks secrets. The default masks nothing.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    is_enabled: bool,
    headers: BTreeSet<String>,
    /// The names of variables in the mask configuration.
    variables: BTreeSet<String>,
    texts: BTreeSet<String>,
    /// The masked texts, longest first.
    replaced: Vec<String>,
}

impl Secrets {
    /// The secrets of a plan, of the given messages and of the events. `bodies` are those of the client and the upstream.
    pub(super) fn of<'m>(
        plan: &Plan,
        messages: impl Iterator<Item = &'m Headers>,
        events: &[Event],
        mask: &Mask,
        bodies: &[(Part, Bytes)],
    ) -> Secrets {
        let mut secrets = Secrets { is_enabled: true, variables: mask.variables.clone(), ..Secrets::default() };
        let calls = events.iter().flat_map(|event| match event {
            Event::Call { call, reply, .. } => {
                let reply = reply.as_ref().and_then(|reply| reply.as_ref().ok());
                vec![(Part::Request, call.body.clone())]
                    .into_iter()
                    .chain(reply.map(|reply| (Part::Response, reply.body.clone())))
                    .collect()
            }
            _ => Vec::new(),
        });
        for (part, body) in bodies.iter().cloned().chain(calls) {
            mask.texts_in(part, &body).iter().for_each(|text| secrets.add_text(text));
        }
        secrets.headers.extend(HEADERS.map(str::to_owned));
        secrets.headers.extend(token_headers(plan));
        // A header stays one, so that its scheme is visible.
        let credentials = plan.policies.iter().filter_map(|policy| Some(policy.credentials()?.name().to_string()));
        secrets.variables.extend(credentials.filter(|name| header_of(name).is_none()));
        let of_shared_flows = plan.shared_flows.values().flat_map(|flow| &flow.constants);
        for (name, value) in plan.constants.iter().chain(of_shared_flows) {
            let value = match value {
                Constant::String(value) => value.to_string(),
                Constant::Boolean(value) => value.to_string(),
                Constant::Integer(value) => value.to_string(),
                Constant::Double(value) => value.to_string(),
            };
            secrets.add_variable(name, Some(&value));
        }
        let encrypted = plan.key_value_maps.values().filter(|map| map.is_encrypted);
        let values = encrypted.flat_map(|map| map.entries.values()).flat_map(|values| values.iter());
        values.for_each(|value| secrets.add_text(value));
        messages.for_each(|headers| secrets.add_headers(headers));
        events.iter().for_each(|event| secrets.add_event(event));
        let encoded = |text: &String| {
            let json = serde_json::Value::from(text.as_str()).to_string();
            let xml = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let largest = utf8_percent_encode(text, LARGEST_SET).to_string();
            [
                text.clone(),
                json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default().to_owned(),
                xml.replace('"', "&quot;"),
                xml,
                utf8_percent_encode(text, SMALLEST_SET).to_string(),
                largest.replace("%20", "+"),
                largest,
            ]
        };
        let all: BTreeSet<String> = secrets.texts.iter().flat_map(encoded).collect();
        secrets.replaced = all.into_iter().collect();
        secrets.replaced.sort_by_key(|text| std::cmp::Reverse(text.len()));
        secrets
    }

    fn add_event(&mut self, event: &Event) {
        match event {
            Event::Choice { condition, .. } | Event::Step { condition, .. } => {
                if let Some(EvaluatedCondition { values, .. }) = condition {
                    values.iter().for_each(|(name, value)| self.add_variable(name, value.as_deref()));
                }
            }
            Event::Ended { written, .. } => {
                written.iter().for_each(|(name, value)| self.add_variable(name, value.as_deref()));
            }
            Event::Call { call, reply, source } => {
                let value = |value: &bytes::Bytes| String::from_utf8_lossy(value).into_owned();
                call.headers.iter().for_each(|(name, line)| self.add_header(name, &value(line)));
                if let Some(Ok(reply)) = reply {
                    self.add_headers(&reply.headers);
                    if *source == ReplySource::Mock {
                        self.add_token(&reply.body);
                    }
                }
            }
            Event::Flow { .. }
            | Event::Group { .. }
            | Event::Cache(_)
            | Event::ErrorFlow(_)
            | Event::Resumed(_)
            | Event::Replied => {}
        }
    }

    /// The token in the response of a token service.
    fn add_token(&mut self, body: &[u8]) {
        match serde_json::from_slice(body) {
            Ok(serde_json::Value::Object(response)) => {
                let names = ["access_token", "accessToken", "token"];
                let token = names.iter().find_map(|name| response.get(*name)?.as_str());
                token.into_iter().for_each(|token| self.add_text(token));
            }
            _ => self.add_text(String::from_utf8_lossy(body).trim()),
        }
    }

    fn add_headers(&mut self, headers: &Headers) {
        for line in headers.lines() {
            self.add_header(&line.to_name(), &String::from_utf8_lossy(line.value()));
        }
    }

    fn add_header(&mut self, name: &str, value: &str) {
        if !self.is_secret_header(name) {
            return;
        }
        let pairs = match name.to_ascii_lowercase().as_str() {
            "cookie" => usize::MAX,
            // The other pairs are attributes.
            "set-cookie" => 1,
            _ => {
                // The scheme is not secret.
                self.add_text(value.split_once(' ').map_or(value, |(_, credentials)| credentials));
                return;
            }
        };
        self.add_text(value);
        for (_, value) in value.split(';').take(pairs).filter_map(|pair| pair.split_once('=')) {
            self.add_text(value.trim());
        }
    }

    fn add_variable(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|_| self.is_secret_variable(name)) {
            match self.header_of(name) {
                Some(header) => self.add_header(header, value),
                None => self.add_text(value),
            }
        }
    }

    fn add_text(&mut self, text: &str) {
        if text.chars().count() >= LEAST_LENGTH && !matches!(text, "true" | "false" | "null") {
            self.texts.insert(text.to_owned());
        }
    }

    /// The header of a variable whose name is not secret itself.
    fn header_of<'n>(&self, variable: &'n str) -> Option<&'n str> {
        header_of(variable).filter(|_| !is_private(variable) && !self.variables.contains(variable))
    }

    fn is_secret_header(&self, name: &str) -> bool {
        self.headers.contains(&name.to_ascii_lowercase())
    }

    fn is_secret_variable(&self, name: &str) -> bool {
        is_private(name)
            || self.variables.contains(name)
            || header_of(name).is_some_and(|header| self.is_secret_header(header))
    }

    /// A text with masked secrets.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.replaced {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), MASK);
            }
        }
        text
    }

    /// Bytes with masked secrets.
    pub(super) fn hide_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut masked = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((first, after)) = rest.split_first() {
            match self.replaced.iter().find_map(|secret| rest.strip_prefix(secret.as_bytes())) {
                Some(after) => {
                    masked.extend_from_slice(MASK.as_bytes());
                    rest = after;
                }
                None => {
                    masked.push(*first);
                    rest = after;
                }
            }
        }
        masked
    }

    /// The masked value of a header. The scheme of credentials is visible.
    pub(super) fn hide_header(&self, name: &str, value: &str) -> String {
        if !self.is_enabled || !self.is_secret_header(name) {
            return self.hide(value);
        }
        match value.split_once(' ') {
            Some((scheme @ ("Bearer" | "Basic"), _)) => format!("{scheme} {MASK}"),
            _ => MASK.to_owned(),
        }
    }

    /// The masked value of a variable.
    pub(super) fn hide_variable(&self, name: &str, value: &str) -> String {
        match self.is_enabled && self.is_secret_variable(name) {
            true => {
                let header = self.header_of(name);
                header.map_or(MASK.to_owned(), |header| self.hide_header(header, value))
            }
            false => self.hide(value),
        }
    }
}

/// The name of the header in a variable such as `request.header.authorization`.
fn header_of(variable: &str) -> Option<&str> {
    let (_, header) = variable.split_once(".header.")?;
    header.split('.').next()
}

/// The headers of tokens in the policies and targets.
fn token_headers(plan: &Plan) -> impl Iterator<Item = String> {
    let of_policies = plan.policies.iter().flat_map(Policy::authentications);
    let targets = plan.routing.iter().flat_map(|routing| &routing.targets);
    let of_targets = targets.filter_map(|target| Some(&target.authentication.as_ref()?.authentication));
    of_policies.chain(of_targets).filter_map(|authentication: &Authentication| {
        let name = authentication.header_name.as_ref()?.text.as_ref()?.as_literal()?;
        Some(name.trim().to_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use envoy_callout::config;

    fn secrets(properties: &str, headers: &[(&'static str, &'static str)], events: &[Event]) -> Secrets {
        let configuration = format!("{{\"policies\": [], \"properties\": {properties}}}");
        let plan = config::load(configuration.as_bytes()).unwrap().plan;
        let lines = headers.iter().map(|(name, value)| (Bytes::from(*name), Bytes::from(*value))).collect();
        Secrets::of(&plan, std::iter::once(&Headers::new(lines)), events, &Mask::default(), &[])
    }

    #[test]
    fn a_secret_is_masked_in_every_encoding() {
        let secrets = secrets(r#"{"private.key": "a b&\"c"}"#, &[("Authorization", "Bearer s3cret")], &[]);
        let cases = [
            ("/x?key=a%20b%26%22c&y=1", "/x?key=********&y=1"),
            ("/x?key=a+b%26%22c", "/x?key=********"),
            (r#"{"key":"a b&\"c"}"#, r#"{"key":"********"}"#),
            ("<k>a b&amp;&quot;c</k>", "<k>********</k>"),
            ("token s3cret!", "token ********!"),
            ("nothing", "nothing"),
        ];
        for (text, shown) in cases {
            assert_eq!(secrets.hide(text), shown);
        }
        assert_eq!(secrets.hide_header("authorization", "Bearer s3cret"), "Bearer ********");
        assert_eq!(secrets.hide_header("x-copy", "Bearer s3cret"), "Bearer ********");
        assert_eq!(secrets.hide_variable("request.header.authorization", "Bearer s3cret"), "Bearer ********");
        assert_eq!(secrets.hide_variable("private.pin", "12"), "********");
        assert_eq!(secrets.hide_variable("private.message.header.x", "12"), "********");
        assert_eq!(secrets.hide_bytes(b"\xffs3cret\x00"), b"\xff********\x00");
    }

    #[test]
    fn cookies_are_secrets_and_their_attributes_are_not() {
        let secrets = secrets(
            "{}",
            &[("set-cookie", "sid=abcdef; Path=/; SameSite=Strict"), ("cookie", "a=first; b=second")],
            &[],
        );
        assert_eq!(secrets.hide("Strict abcdef first second"), "Strict ******** ******** ********");
        assert_eq!(secrets.hide_header("set-cookie", "x"), "********");
    }

    #[test]
    fn written_private_variables_are_secrets() {
        let written = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
        let written = vec![written("private.token", "t0ken"), written("copy", "t0ken"), written("private.on", "true")];
        let ended = Event::Ended { policy: "A".to_owned(), fault: None, continues: true, written };
        let secrets = secrets("{}", &[], &[ended]);
        assert_eq!(secrets.hide_variable("copy", "t0ken"), "********");
        assert_eq!(secrets.hide("true"), "true");
        assert_eq!(Secrets::default().hide_variable("private.token", "t0ken"), "t0ken");
    }
}
