//! The catalogue of codes: those of the filter's problems, and those of the tool.

use envoy_callout::diagnostic::Code as FilterCode;
use envoy_callout::suggestion;

/// Declares the codes of the tool from one table: variant, code, explanation.
macro_rules! codes {
    ($($variant:ident $text:literal: $explanation:literal;)*) => {
        /// The kind of a finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the table contains an explanation of each code")]
        pub(crate) enum Code {
            /// A problem that the filter reports.
            Filter(FilterCode),
            $($variant,)*
        }

        /// The codes of the tool.
        const OWN: &[Code] = &[$(Code::$variant,)*];

        impl Code {
            /// The code in reports: `unused-policy`.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    Code::Filter(code) => code.as_str(),
                    $(Code::$variant => $text,)*
                }
            }

            /// The meaning in one line.
            pub(crate) fn explanation(self) -> &'static str {
                match self {
                    Code::Filter(code) => code.explanation(),
                    $(Code::$variant => $explanation,)*
                }
            }
        }
    };
}

codes! {
    AddedBody "added-body": "a policy sets the body of requests, which Envoy cannot add to a request without one";
    AmbiguousTarget "ambiguous-target": "a route rule with a URL has the name of a target endpoint";
    DifferentTls "different-tls": "callouts to one host have different SSLInfo";
    EmptyBundle "empty-bundle": "a bundle has no endpoint or shared flow, so that none of its policies run";
    EnvironmentEntry "environment-entry": "the environment file must contain an entry";
    FormatLimit "format-limit": "an output format of render cannot express a setting";
    HiddenRoute "hidden-route": "the base path of one proxy hides a route of another";
    IdleTimeout "idle-timeout": "stream_idle_timeout of an Envoy configuration is not above the Timeout of a callout";
    MissingModule "missing-module": "an Envoy configuration names a module that does not exist on this machine";
    MissingStopIteration "missing-stop-iteration": "a plugin reads bodies and has no allow_on_headers_stop_iteration";
    MissingTarget "missing-target-url": "a target endpoint has no URL and no LoadBalancer";
    MixedTls "mixed-tls": "a target has servers with TLS and servers without";
    NameOfFile "name-of-file": "a policy is in a file with another name, which Apigee X rejects at import";
    NeedsCluster "needs-cluster": "the filter configuration of a single policy needs a cluster for a host";
    NoBundle "no-bundle": "a path is not a bundle, or no bundle is a proxy";
    NoFilter "no-filter": "an Envoy configuration contains no filter configuration";
    NoRouteRule "no-route-rule": "a proxy endpoint has no route rule";
    NotUtf8 "not-utf8": "a file is not UTF-8";
    ParallelCallouts "parallel-callouts": "the calls of several steps start together";
    Placeholder "placeholder": "a document contains a placeholder of a deployment tool, or the environment file one of its template";
    SameBasePath "same-base-path": "two proxy endpoints have the same base path";
    TargetQuery "target-query": "the URL of a target has a query, which a route of Envoy cannot add";
    UndefinedCluster "undefined-cluster": "a filter configuration names a cluster that the Envoy configuration does not define";
    UnknownFault "unknown-fault": "a condition compares fault.name with a name that no policy raises";
    UnknownMessage "unknown-message": "a policy names a message that no policy makes";
    UnknownPolicyType "unknown-policy-type": "Apigee has no policies of this type";
    UnknownVariable "unknown-variable": "a variable is read, and nothing sets it";
    UnsupportedTarget "unsupported-target": "a target is a program or a provider, which Envoy cannot call";
    UnusedPolicy "unused-policy": "no step names a policy";
}

impl Code {
    /// Every code, in alphabetical order.
    pub(crate) fn all() -> Vec<Code> {
        let mut all: Vec<Code> = FilterCode::ALL.iter().map(|code| Code::Filter(*code)).collect();
        all.extend(OWN);
        all.sort_by_key(|code| code.as_str());
        all
    }

    /// Apigee's name of the deployment error.
    pub(crate) fn apigee_name(self) -> Option<&'static str> {
        match self {
            Code::Filter(code) => code.apigee_name(),
            _ => None,
        }
    }

    /// The label in texts: Apigee's name if there is one, else the code.
    pub(crate) fn label(self) -> &'static str {
        self.apigee_name().unwrap_or_else(|| self.as_str())
    }

    /// The code with a text: the code or Apigee's name.
    ///
    /// # Errors
    /// No code has the text. The error suggests a similar code.
    pub(crate) fn parse(text: &str) -> Result<Code, String> {
        let all = Code::all();
        let found = all.iter().find(|code| code.as_str() == text || code.apigee_name() == Some(text));
        found.copied().ok_or_else(|| {
            let hint = suggestion::hint(text, all.iter().map(|code| code.as_str()));
            format!("unknown code {text}{hint} `envoy-callout check --list` lists the codes")
        })
    }
}

impl From<FilterCode> for Code {
    fn from(code: FilterCode) -> Code {
        Code::Filter(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_can_be_parsed() {
        let all = Code::all();
        for (code, next) in all.iter().zip(all.iter().skip(1)) {
            assert_ne!(code.as_str(), next.as_str());
        }
        for code in all {
            assert_eq!(Code::parse(code.as_str()), Ok(code));
            assert!(code.as_str().chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            assert!(!code.explanation().ends_with('.'));
        }
        assert_eq!(Code::parse("URLMissing"), Ok(FilterCode::MissingUrl.into()));
        let error =
            "unknown code unused-polici; did you mean unused-policy? `envoy-callout check --list` lists the codes";
        assert_eq!(Code::parse("unused-polici"), Err(error.to_owned()));
    }
}
