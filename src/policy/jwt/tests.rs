use super::*;
use crate::policy::Policy;
use crate::policy::usage::Purpose;

/// The problems of a document without the subject.
fn problems(text: &str) -> Vec<String> {
    let (_, problems) = Policy::parse(text, "policies[0]");
    let text = |problem: String| problem.split_once(": ").unwrap().1.to_owned();
    problems.iter().map(ToString::to_string).map(text).collect()
}

fn policy(text: &str) -> Policy {
    let (policy, problems) = Policy::parse(text, "policies[0]");
    assert_eq!(problems, [], "{text}");
    policy.unwrap()
}

fn verify(elements: &str) -> String {
    format!("<VerifyJWT name='V'>{elements}</VerifyJWT>")
}

fn generate(elements: &str) -> String {
    format!("<GenerateJWT name='G'>{elements}</GenerateJWT>")
}

const HS: &str = "<Algorithm>HS256</Algorithm><SecretKey><Value ref='private.k'/></SecretKey>";

#[test]
fn every_element_is_known() {
    let common =
        "<DisplayName>d</DisplayName><Type>Signed</Type><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
        <Subject>s</Subject><Issuer ref='v.iss'/><Audience>a,b</Audience><Id/><AdditionalClaims ref='v.claims'>
        <Claim name='c' type='number' array='true' ref='v.c'>1,2</Claim></AdditionalClaims>
        <AdditionalHeaders><Claim name='kid'>x</Claim></AdditionalHeaders><CustomClaims/>";
    let Policy::VerifyJwt(found) = policy(&verify(&format!(
        "{HS}{common}<Source>v.token</Source><KnownHeaders>a</KnownHeaders><IgnoreCriticalHeaders>true</IgnoreCriticalHeaders>
         <IgnoreIssuedAt>true</IgnoreIssuedAt><TimeAllowance>1m</TimeAllowance><MaxLifespan useIssueTime='true'>2h</MaxLifespan>"
    ))) else {
        panic!()
    };
    assert!(found.ignore_unresolved && found.ignores_critical_headers && found.ignores_issued_at);
    assert_eq!(found.time_allowance, 60_000);
    assert!(found.max_lifespan.as_ref().is_some_and(|lifespan| lifespan.from_issue));
    assert_eq!(found.algorithms, [Algorithm::parse("HS256").unwrap()]);
    assert_eq!(found.id, None);
    let reads = |policy: &Policy| -> Vec<String> {
        let names = policy.read_variables().into_iter().map(|read| {
            let mark = if read.purpose == Purpose::OptionalValue { "?" } else { "" };
            format!("{}{mark}", read.variable.name())
        });
        names.collect()
    };
    let found = Policy::VerifyJwt(found);
    assert_eq!(reads(&found), ["v.token", "private.k", "v.iss", "v.claims", "v.c?"]);
    assert_eq!(found.set_names(), ["JWT.failed", "jwt.V.failed"]);
    let found = policy(&generate(&format!(
        "{HS}{common}<ExpiresIn>1h</ExpiresIn><NotBefore ref='v.nbf'/><CriticalHeaders>a</CriticalHeaders>
         <OutputVariable>v.out</OutputVariable>"
    )));
    assert_eq!(reads(&found), ["private.k", "v.iss", "v.nbf", "v.claims", "v.c?"]);
    assert_eq!(found.set_names(), ["v.out", "JWT.failed", "jwt.G.failed"]);
    let found = policy("<DecodeJWT name='D'><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables></DecodeJWT>");
    assert_eq!(reads(&found), ["request.header.authorization"]);
}

#[test]
fn bodies_are_used_by_sources_and_results() {
    let uses = |text: &str| policy(text).uses_body(&["request", "message"]);
    assert!(!uses("<DecodeJWT name='D'/>"));
    assert!(uses("<DecodeJWT name='D'><Source>request.formparam.jwt</Source></DecodeJWT>"));
    assert!(uses(&verify(&format!("{HS}<Source>request.content</Source>"))));
    assert!(uses(&verify(&format!("{HS}<Subject ref='message.content'/>"))));
    assert!(uses(&generate(&format!("{HS}<OutputVariable>request.content</OutputVariable>"))));
    assert!(uses(&generate(&format!("{HS}<AdditionalClaims ref='request.content'/>"))));
    assert!(!uses(&generate(HS)));
}

#[test]
fn keys_have_to_fit_the_algorithm() {
    let with = |algorithm: &str, key: &str| format!("<Algorithm>{algorithm}</Algorithm>{key}");
    let secret = "<SecretKey><Value ref='private.k'/></SecretKey>";
    let public = "<PublicKey><Value ref='k'/></PublicKey>";
    let private = "<PrivateKey><Value ref='private.k'/></PrivateKey>";
    let missing =
        |name: &str| format!("MissingConfigurationElement: Missing configuration element : policy(V) element({name}).");
    let excluded = |policy: &str, name: &str| {
        format!(
            "InvalidConfigurationForActionAndAlgorithm: Invalid configuration for action and algorithm : policy({policy}) \
             element({name})."
        )
    };
    let unknown = |name: &str| {
        format!(
            "InvalidValueForElement: Invalid value for element : policy(V) element(Algorithm) value({name}); the algorithms are \
             HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, ES512, PS256, PS384, PS512"
        )
    };
    let cases = [
        (verify(""), missing("Algorithm")),
        (verify("<Algorithm/>"), missing("Algorithm")),
        (verify(&with("RS256", "")), missing("PublicKey")),
        (verify(&with("HS256", "")), missing("SecretKey")),
        (verify(&with("HS256", public)), excluded("V", "PublicKey")),
        (verify(&with("RS256", secret)), excluded("V", "SecretKey")),
        (verify(&with("none", public)), unknown("none")),
        (verify(&with("RS256,rs384", public)), unknown("rs384")),
        (
            verify(&with("RS256,HS256", public)),
            "InvalidFamiliesForAlgorithm: Invalid families for algorithm : policy(V) element(Algorithm) value(RS256,HS256); \
             HS algorithms need a SecretKey, all others a PublicKey"
                .to_owned(),
        ),
        (generate(&with("HS256", private)), excluded("G", "PrivateKey")),
        (generate(&with("ES256", secret)), excluded("G", "SecretKey")),
        (generate(&with("ES256", "")), missing("PrivateKey").replace("(V)", "(G)")),
        (generate(&with("RS256,RS384", private)), unknown("RS256,RS384").replace("(V)", "(G)")),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(&text), [expected], "{text}");
    }
}

#[test]
fn secrets_are_only_in_private_variables() {
    let cases = [
        ("<SecretKey/>", "InvalidKeyConfiguration: Invalid key configuration : policy(G) element(SecretKey)."),
        (
            "<SecretKey><Value/></SecretKey>",
            "EmptyElementForKeyConfiguration: Empty element for key configuration : policy(G) element(Value).",
        ),
        (
            "<SecretKey><Value>k3y</Value></SecretKey>",
            "InvalidSecretInConfig: Invalid secret in configuration : policy(G) element(Value).",
        ),
        (
            "<SecretKey><Value ref='secret.k'/></SecretKey>",
            "InvalidVariableNameForSecret: Invalid variable name for secret : policy(G) variable(secret.k). The name must start with private.",
        ),
        (
            "<SecretKey encoding='base32'><Value ref='private.k'/></SecretKey>",
            "encoding must be hex, base16, base64 or base64url, got \"base32\"",
        ),
    ];
    for (key, expected) in cases {
        assert_eq!(problems(&generate(&format!("<Algorithm>HS256</Algorithm>{key}"))), [expected], "{key}");
    }
    let private = |password: &str| {
        problems(&generate(&format!(
            "<Algorithm>RS256</Algorithm><PrivateKey><Value ref='private.k'/>{password}</PrivateKey>"
        )))
    };
    assert_eq!(private("<Password ref='private.p'/><Id>i</Id>"), [""; 0]);
    let text = "InvalidSecretInConfig: Invalid secret in configuration : policy(G) element(Password).";
    assert_eq!(private("<Password>sesame</Password>"), [text]);
    let text = "InvalidVariableNameForSecret: Invalid variable name for secret : policy(G) variable(p). The name must start with private.";
    assert_eq!(private("<Password ref='p'/>"), [text]);
}

#[test]
fn a_public_key_has_one_source() {
    let read = |key: &str| {
        Policy::parse(&verify(&format!("<Algorithm>RS256</Algorithm><PublicKey>{key}</PublicKey>")), "policies[0]")
    };
    let url = |key: &str| match read(key).0 {
        Some(Policy::VerifyJwt(policy)) => match policy.key {
            VerifyingKey::Public(PublicKey::JwksUrl(url)) => url,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!(url("<JWKS uri='https://a.test/keys?v=1'/>").origin.unwrap().to_string(), "https://a.test");
    assert_eq!(url("<JWKS uriRef='v'/>").origin, None);
    let both = url("<JWKS uri='http://a.test' uriRef='v'/>");
    assert!(both.origin.is_some() && both.value.reference.is_some());
    let invalid = "InvalidKeyConfiguration: Invalid key configuration : policy(V) element(PublicKey).";
    let empty = "EmptyElementForKeyConfiguration: Empty element for key configuration : policy(V) element(JWKS).";
    let cases = [
        ("", invalid),
        ("<Value ref='v'/><JWKS ref='v'/>", invalid),
        ("<JWKS/>", empty),
        ("<JWKS uri=''/>", empty),
        ("<JWKS uri='a.test/keys'/>", "the uri of a JWKS must be a URL with http:// or https://, got \"a.test/keys\""),
        (
            "<JWKS uri='https://{v}/'/>",
            "the uri of a JWKS must be a URL with http:// or https://, got \"https://{v}/\"",
        ),
    ];
    for (key, expected) in cases {
        let problems: Vec<String> = read(key).1.iter().map(ToString::to_string).collect();
        assert!(problems.len() == 1 && problems[0].ends_with(expected), "{key} {problems:?}");
    }
}

#[test]
fn claims_have_names_types_and_values() {
    let claims = |list: &str, claim: &str| generate(&format!("{HS}<{list}>{claim}</{list}>"));
    let cases = [
        (
            claims("AdditionalClaims", "<Claim name='iss'/>"),
            "InvalidNameForAdditionalClaim: Invalid name for additional claim : policy(G) claim(iss).",
        ),
        (
            claims("AdditionalClaims", "<Claim name='kid'>x</Claim>"),
            "InvalidNameForAdditionalClaim: Invalid name for additional claim : policy(G) claim(kid).",
        ),
        (
            claims("AdditionalClaims", "<Claim>x</Claim>"),
            "MissingNameForAdditionalClaim: Missing name for additional claim : policy(G).",
        ),
        (
            claims("AdditionalClaims", "<Claim name='c' type='date'/>"),
            "InvalidTypeForAdditionalClaim: Invalid type for additional claim : policy(G) claim(c) type(date).",
        ),
        (
            claims("AdditionalClaims", "<Claim name='c' array='yes'/>"),
            "InvalidValueOfArrayAttribute: Invalid value of array attribute : policy(G) claim(c).",
        ),
        (
            claims("AdditionalHeaders", "<Claim name='alg'/>"),
            "InvalidNameForAdditionalHeader: Invalid name for additional header : policy(G) header(alg).",
        ),
        (
            claims("AdditionalHeaders", "<Claim/>"),
            "MissingNameForAdditionalHeader: Missing name for additional header : policy(G).",
        ),
        (
            claims("AdditionalHeaders", "<Claim name='c' type='x'/>"),
            "InvalidTypeForAdditionalHeader: Invalid type for additional header : policy(G) header(c) type(x).",
        ),
        (
            claims("AdditionalClaims", "<Clam name='c'/>"),
            "unknown element Clam in AdditionalClaims is ignored; did you mean Claim?",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(&text), [expected], "{text}");
    }
}

#[test]
fn other_elements_are_checked() {
    let encrypted = "encrypted tokens are not supported: the policy must have Algorithm and the Type Signed";
    let algorithms = "<Algorithms><Key>dir</Key></Algorithms>";
    let missing = "MissingConfigurationElement: Missing configuration element : policy(V) element(Algorithm).";
    let cases: [(String, &[&str]); 7] = [
        (verify(&format!("{HS}<Type>Encrypted</Type>")), &[encrypted]),
        (verify(algorithms), &[encrypted, missing]),
        (verify(&format!("{HS}<Type>signed</Type>")), &["InvalidValueForElement: Type must be Signed, got \"signed\""]),
        (
            verify(&format!("{HS}<Source/>")),
            &["InvalidEmptyElement: Invalid empty element : policy(V) element(Source)."],
        ),
        (
            verify(&format!("{HS}<TimeAllowance>soon</TimeAllowance>")),
            &["InvalidTimeFormat: TimeAllowance must be a number with one of the units s, m, h, d and w, got \"soon\""],
        ),
        (
            generate(&format!("{HS}<NotBefore>tomorrow</NotBefore>")),
            &["InvalidTimeFormat: Invalid time format : policy(G) element(NotBefore) value(tomorrow)."],
        ),
        (
            generate(&format!("{HS}<ExpiresIn>1y</ExpiresIn>")),
            &["InvalidTimeFormat: Invalid time format : policy(G) element(ExpiresIn) value(1y)."],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(&text), expected, "{text}");
    }
}
