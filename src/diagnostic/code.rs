//! The stable codes of problems. A code selects problems in `envoy-callout check`, in reports and in pipelines.

/// Declares the codes from one table: variant, code, Apigee's name of the deployment error if it has one, explanation.
macro_rules! codes {
    ($($variant:ident $text:literal $($name:literal)?: $explanation:literal;)*) => {
        /// The kind of a problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the table contains an explanation of each code")]
        pub enum Code {
            $($variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The code in reports: `unknown-element`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Code::$variant => $text,)*
                }
            }

            /// Apigee's name of the deployment error (`URLMissing`), if it has one.
            pub fn apigee_name(self) -> Option<&'static str> {
                match self {
                    $(Code::$variant => None::<&'static str>$(.or(Some($name)))?,)*
                }
            }

            /// The meaning in one line.
            pub const fn explanation(self) -> &'static str {
                match self {
                    $(Code::$variant => $explanation,)*
                }
            }
        }
    };
}

codes! {
    AssignToRequired "assign-to-required" "AssignToRequired": "BasicAuthentication with Encode has no AssignTo";
    AuthenticationNotEnforced "authentication-not-enforced": "a skipped policy decides who may call the proxy";
    BasePathWithoutSlash "base-path-without-slash": "a base path does not start with a slash";
    ConflictingKeys "conflicting-keys": "two keys of a configuration exclude each other, or one requires another";
    DuplicateElement "duplicate-element": "an element occurs twice; the first is used";
    DuplicateName "duplicate-name": "two policies, shared flows, targets or origins have the same name";
    DuplicatePrefix "duplicate-prefix" "DuplicatePrefix": "two namespaces of ExtractVariables have the same prefix";
    EmptyElement "empty-element": "an element is empty and so has no effect, or lets every run fail";
    EmptyElementForKeyConfiguration "empty-element-for-key-configuration" "EmptyElementForKeyConfiguration": "the Value of a key names no variable";
    EmptyJsonPath "empty-json-path" "EmptyJSONPathExpression": "a JSONPath element is empty";
    EmptyMapIdentifier "empty-map-identifier" "UnsupportedOperationException": "the mapIdentifier of a KeyValueMapOperations is empty";
    EmptyXPath "empty-xpath" "EmptyXPathExpression": "an XPath element is empty";
    EncryptedToken "encrypted-token": "a JWT policy is for encrypted tokens, which are not supported";
    FunctionAsText "function-as-text": "a call of a template function is not valid and stays text";
    IgnoredElement "ignored-element": "an element is ignored because another one excludes it, or its content is not supported";
    IgnoredText "ignored-text": "text between elements is ignored";
    InvalidAttribute "invalid-attribute": "the value of an attribute is not allowed";
    InvalidBoolean "invalid-boolean": "a value is neither true nor false; the default is used";
    InvalidCacheCondition "invalid-cache-condition" "InvalidMessagePatternForErrorCode": "a condition of a ResponseCache cannot be parsed";
    InvalidCacheTimeout "invalid-cache-timeout" "InvalidTimeout": "a CacheLookupTimeoutInSeconds is not a number of seconds";
    InvalidCondition "invalid-condition": "a condition cannot be parsed";
    InvalidConfiguration "invalid-configuration": "a file is not valid JSON or YAML";
    InvalidConfigurationForActionAndAlgorithm "invalid-configuration-for-action-and-algorithm" "InvalidConfigurationForActionAndAlgorithm": "the key does not fit the algorithm of a JWT policy";
    InvalidElement "invalid-element": "the value of an element is not allowed";
    InvalidEmptyElement "invalid-empty-element" "InvalidEmptyElement": "the Source of a JWT policy is empty";
    InvalidFamiliesForAlgorithm "invalid-families-for-algorithm" "InvalidFamiliesForAlgorithm": "the algorithms of VerifyJWT need different kinds of keys";
    InvalidHeader "invalid-header": "the name of a header contains characters that HTTP does not allow";
    InvalidIndex "invalid-index" "InvalidIndex": "the index of a header or parameter is not greater than zero";
    InvalidJsonPath "invalid-json-path" "InvalidJSONPath": "a JSONPath cannot be parsed";
    InvalidKeyConfiguration "invalid-key-configuration" "InvalidKeyConfiguration": "a key of a JWT policy has no Value";
    InvalidName "invalid-name": "the name of a policy or variable contains characters that are not allowed";
    InvalidNameForAdditionalClaim "invalid-name-for-additional-claim" "InvalidNameForAdditionalClaim": "an additional claim has the name of a registered claim";
    InvalidNameForAdditionalHeader "invalid-name-for-additional-header" "InvalidNameForAdditionalHeader": "an additional header has a name that the policy sets itself";
    InvalidPattern "invalid-pattern" "InvalidPattern": "a pattern of ExtractVariables cannot be parsed";
    InvalidProperty "invalid-property": "the value of a property is ignored because it is not allowed";
    InvalidSecretInConfig "invalid-secret-in-config" "InvalidSecretInConfig": "a document contains a secret in place of the name of a private variable";
    InvalidTemplate "invalid-template": "a message template cannot be parsed";
    InvalidTimeFormat "invalid-time-format" "InvalidTimeFormat": "a time or duration of a JWT policy has no valid format";
    InvalidTimeout "invalid-timeout" "InvalidTimeoutValue": "a Timeout is not a positive number of milliseconds";
    InvalidTypeForAdditionalClaim "invalid-type-for-additional-claim" "InvalidTypeForAdditionalClaim": "the type of an additional claim is unknown";
    InvalidTypeForAdditionalHeader "invalid-type-for-additional-header" "InvalidTypeForAdditionalHeader": "the type of an additional header is unknown";
    InvalidUrl "invalid-url": "a URL starts with neither http:// nor https://, or only with a variable that is not a URL";
    InvalidValue "invalid-value": "the value of a configuration key is not allowed or has the wrong type";
    InvalidValueForElement "invalid-value-for-element" "InvalidValueForElement": "the value of Algorithm or Type is unknown";
    InvalidValueOfArrayAttribute "invalid-value-of-array-attribute" "InvalidValueOfArrayAttribute": "the attribute array is neither true nor false";
    InvalidVariableName "invalid-variable-name" "InvalidVariableName": "AssignVariable has no Name";
    InvalidVariableNameForSecret "invalid-variable-name-for-secret" "InvalidVariableNameForSecret": "the variable of a secret does not start with private";
    InvalidXPath "invalid-xpath" "XPathCompilationFailed": "an XPath cannot be parsed";
    MalformedXml "malformed-xml": "a document is not well-formed XML";
    MisplacedElement "misplaced-element": "an element has its effect, but belongs into another element";
    MissingCluster "missing-cluster": "a host has no entry in the clusters of the filter configuration";
    MissingConfigurationElement "missing-configuration-element" "MissingConfigurationElement": "a JWT policy has no Algorithm or no key for it";
    MissingConnection "missing-connection" "ConnectionInfoMissing": "a ServiceCallout has no HTTPTargetConnection and no LocalTargetConnection";
    MissingElement "missing-element": "a required element is missing";
    MissingIdentity "missing-identity" "FAILED_PRECONDITION": "a Google token is needed, and no identity is configured";
    MissingKey "missing-key": "a required key of a configuration is missing";
    MissingMapKey "missing-map-key" "KeyIsMissing": "an operation on a key value map or an initial entry has no key";
    MissingMapValue "missing-map-value" "ValueIsMissing": "an initial entry of a key value map has no value";
    MissingName "missing-name" "MissingName": "a required name attribute is missing";
    MissingNameForAdditionalClaim "missing-name-for-additional-claim" "MissingNameForAdditionalClaim": "an additional claim has no name";
    MissingNameForAdditionalHeader "missing-name-for-additional-header" "MissingNameForAdditionalHeader": "an additional header has no name";
    MissingPrivatePrefix "missing-private-prefix": "a variable without the prefix private. cannot get a value of an encrypted key value map";
    MissingProject "missing-project": "an integration has no project";
    MissingUrl "missing-url" "URLMissing": "an HTTPTargetConnection has no URL and no LoadBalancer";
    NoActiveServer "no-active-server": "no server of a LoadBalancer is enabled";
    NoEffect "no-effect": "an element, attribute, property or variable has no effect in Envoy";
    NoJsonPaths "no-json-paths" "NoJSONPathsToEvaluate": "a Variable of a JSONPayload has no JSONPath";
    NothingToExtract "nothing-to-extract" "NothingToExtract": "ExtractVariables has no source of variables";
    NoXPaths "no-xpaths" "NoXPathsToEvaluate": "a Variable of an XMLPayload has no XPath";
    PasswordRequired "password-required" "PasswordRequired": "BasicAuthentication has no Password with a ref";
    PatternWithoutVariable "pattern-without-variable" "PatternWithoutVariable": "a pattern of ExtractVariables has no variable";
    PrefixWithoutUri "prefix-without-uri" "NONEmptyPrefixMappedToEmptyURI": "a Namespace with a prefix has no URI";
    RecursiveSharedFlow "recursive-shared-flow": "a shared flow calls itself";
    ResponseCacheInRequests "response-cache-in-requests" "ResponseCacheStepAttachmentNotAllowedReq": "a ResponseCache is attached to more than one request flow, or to a shared flow";
    ResponseCacheInResponses "response-cache-in-responses" "ResponseCacheStepAttachmentNotAllowedResp": "a ResponseCache is attached to more than one response flow";
    SecondFallback "second-fallback": "two servers of a LoadBalancer are the fallback";
    SkippedVariable "skipped-variable": "a condition reads a variable that only a skipped policy sets";
    SourceRequired "source-required" "SourceRequired": "BasicAuthentication with Decode has no Source";
    StepWithoutName "step-without-name": "a step names no policy and is ignored";
    ToleratedCondition "tolerated-condition": "a condition has a mistake that Apigee tolerates";
    UnclosedVariable "unclosed-variable": "a variable in a template has no closing brace and stays text";
    UnknownAttribute "unknown-attribute": "an attribute is unknown and is ignored";
    UnknownElement "unknown-element": "an element is unknown and is ignored";
    UnknownFlowElement "unknown-flow-element": "an element of an endpoint or flow is unknown, so that its steps would not run";
    UnknownFunction "unknown-function" "entities.UnknownStringFunction": "a template calls a function that does not exist";
    UnknownIntegration "unknown-integration": "a route rule names an integration endpoint that does not exist";
    UnknownKey "unknown-key": "a key of a configuration or of an environment file is unknown";
    UnknownLocalProxy "unknown-local-proxy": "a LocalTargetConnection names a proxy that does not exist";
    UnknownMap "unknown-map": "a KeyValueMapOperations reads a key value map that does not exist";
    UnknownMapKey "unknown-map-key": "a KeyValueMapOperations reads a key that its key value map does not contain";
    UnknownPolicy "unknown-policy": "a step names a policy that does not exist";
    UnknownProperty "unknown-property": "a property of a connection is unknown and is ignored";
    UnknownResource "unknown-resource": "a ResourceURL names a resource that does not exist";
    UnknownSharedFlow "unknown-shared-flow": "a FlowCallout names a shared flow that does not exist";
    UnknownTarget "unknown-target": "a route rule or variable_targets names a target endpoint that does not exist";
    UnknownTargetServer "unknown-target-server": "a LoadBalancer names a target server that does not exist";
    UnknownVariableType "unknown-variable-type": "the type of an extracted variable is unknown; string is used";
    UnreachableUrl "unreachable-url": "a URL has no valid scheme or host, so that every call fails";
    UnsupportedPolicy "unsupported-policy": "a step names a policy whose type the filter does not run";
    UserNameRequired "user-name-required" "UserNameRequired": "BasicAuthentication has no User with a ref";
    WorkerMap "worker-map": "a KeyValueMapOperations changes a map, and only the same worker sees the change";
    WrongRootElement "wrong-root-element": "the root element of a document has another name";
    XPathWithoutNodes "xpath-without-nodes" "CannotBeConvertedToNodeset": "an XPath for a nodeset has another type";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_kebab_case_and_sorted() {
        let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        for (code, next) in codes.iter().zip(codes.iter().skip(1)) {
            let key = |code: &str| code.replace('-', "");
            assert!(key(code) < key(next), "{code} is before {next}");
        }
        for code in Code::ALL {
            let text = code.as_str();
            assert!(text.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{text}");
            assert!(!code.explanation().is_empty() && !code.explanation().ends_with('.'), "{text}");
        }
        assert_eq!(Code::MissingUrl.apigee_name(), Some("URLMissing"));
        assert_eq!(Code::UnknownElement.apigee_name(), None);
    }
}
