//! DecodeJWT, VerifyJWT and GenerateJWT with keys in variables. Python's `cryptography` made the tokens in `tests/keys`.

use serde_json::{Value, json};

use crate::fault;
use crate::lab::{ClientResponse, Lab, Listener, Message, Request, Site};
use crate::policy::{header, set};

macro_rules! key_file {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/", $name))
    };
}
pub(crate) use key_file;

pub const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A token of `tests/keys/tokens.json` as the value of `Authorization`.
pub fn bearer(name: &str) -> String {
    let tokens: Value = serde_json::from_str(key_file!("tokens.json")).unwrap();
    format!("Bearer {}", tokens[name].as_str().unwrap())
}

/// The response to a request with this `Authorization`.
pub async fn send(site: &Site, authorization: &str) -> ClientResponse {
    site.send(Request::get("/").header("authorization", authorization)).await
}

/// The client received a fault of the policies.
#[track_caller]
pub fn assert_fault(reply: &ClientResponse, name: &str, text: &str) {
    let body = fault::json(&format!("steps.jwt.{name}"), text);
    assert_eq!((reply.status, fault::start(reply)), (401, body.as_str()));
}

/// A VerifyJWT with an algorithm and the elements of its key.
pub fn verify(name: &str, algorithm: &str, elements: &str) -> String {
    format!("<VerifyJWT name=\"{name}\"><Algorithm>{algorithm}</Algorithm>{elements}</VerifyJWT>")
}

const SHOWN: &str = "{jwt.V.valid}/{jwt.V.claim.subject}/{jwt.V.decoded.claim.aud}/{jwt.V.header.kid}";

pub fn cases(lab: &mut Lab) {
    for (algorithm, key) in [
        ("HS256", "<SecretKey><Value ref=\"private.secret\"/></SecretKey>"),
        ("HS512", "<SecretKey><Value ref=\"private.secret\"/></SecretKey>"),
        ("RS256", "<PublicKey><Value ref=\"public.rsa\"/></PublicKey>"),
        ("PS384", "<PublicKey><Certificate ref=\"public.certificate\"/></PublicKey>"),
        ("ES256", "<PublicKey><Value ref=\"public.p256\"/></PublicKey>"),
        ("ES384", "<PublicKey><JWKS ref=\"public.jwks\"/></PublicKey>"),
        ("ES512", "<PublicKey><JWKS ref=\"public.jwks\"/></PublicKey>"),
    ] {
        lab.case(&format!("verify_{algorithm}"), move |setup| {
            let policies = [verify("V", algorithm, key), set("AM-Show", &header("x-shown", SHOWN))];
            let site = setup.listener(Listener::new(configured(&policies)).log_state(&["jwt.V.failed"]));
            move || async move {
                assert_eq!(send(&site, &bearer(algorithm)).await.status, 200);
                let kid = bearer(algorithm).split('.').next().map(str::len);
                let shown = site.upstream().only_request().header("x-shown").unwrap().to_owned();
                assert!(kid.is_some() && shown.starts_with("true/user-7/[\"api\",\"web\"]/"), "{shown}");
                assert_eq!(site.logged().await.state("jwt.V.failed"), Some("false"));
                // Another algorithm, no algorithm, a changed signature and no token.
                let other = if algorithm == "RS256" { "RS512" } else { "RS256" };
                let text = format!(
                    "Algorithm in header did not match any algorithm specified in Configuration: policy(V) algorithm({other})"
                );
                assert_fault(&send(&site, &bearer(other)).await, "AlgorithmMismatch", &text);
                let none = send(&site, "Bearer eyJhbGciOiJub25lIn0.e30.").await;
                assert_fault(&none, "AlgorithmMismatch", &text.replace(other, "none"));
                let (start, _) = bearer(algorithm).rsplit_once('.').map(|(a, b)| (a.to_owned(), b.len())).unwrap();
                assert_fault(&send(&site, &format!("{start}.AAAA")).await, "InvalidToken", "Invalid token: policy(V)");
                let text = "Failed to Resolve Variable : policy(V) variable(null)";
                assert_fault(&site.get("/").await, "FailedToResolveVariable", text);
                assert_eq!(site.upstream().requests().len(), 1);
                assert_eq!(site.logged().await.state("jwt.V.failed"), Some("true"));
            }
        });
    }

    lab.case("decode", |setup| {
        let policies = [
            "<DecodeJWT name=\"V\"/>".to_owned(),
            set("AM-Show", &header("x-shown", &SHOWN.replace("{jwt.V.valid}", ""))),
        ];
        let site = setup.listener(Listener::new(configured(&policies)));
        move || async move {
            // The signature is not checked.
            let token = bearer("RS256");
            let (start, _) = token.rsplit_once('.').unwrap();
            assert_eq!(send(&site, &format!("{start}.AAAA")).await.status, 200);
            assert_eq!(site.upstream().only_request().header("x-shown"), Some("/user-7/[\"api\",\"web\"]/rsa"));
            let reply = send(&site, "Bearer a.b.c").await;
            assert_fault(&reply, "FailedToDecode", "Failed to Decode Token: policy(V)");
        }
    });

    let encrypted =
        "<PrivateKey><Value ref=\"private.rsa.encrypted\"/><Password ref=\"private.password\"/></PrivateKey>";
    for (name, algorithm, key, public) in [
        ("secret", "HS384", "<SecretKey><Value ref=\"private.secret\"/></SecretKey>", None),
        ("rsa", "RS256", "<PrivateKey><Value ref=\"private.rsa\"/></PrivateKey>", Some("public.rsa")),
        ("rsa_encrypted", "RS512", encrypted, Some("public.rsa")),
        ("rsa_pss", "PS512", "<PrivateKey><Value ref=\"private.rsa\"/></PrivateKey>", Some("public.rsa")),
        ("p256", "ES256", "<PrivateKey><Value ref=\"private.p256\"/></PrivateKey>", Some("public.p256")),
        ("p384", "ES384", "<PrivateKey><Value ref=\"private.p384\"/></PrivateKey>", Some("public.p384")),
        ("p521", "ES512", "<PrivateKey><Value ref=\"private.p521\"/></PrivateKey>", Some("public.p521")),
    ] {
        lab.case(&format!("generate_{name}"), move |setup| {
            let generate = format!(
                "<GenerateJWT name=\"G\"><Algorithm>{algorithm}</Algorithm>{key}<Subject ref=\"request.header.user\"/>\
                 <Issuer>urn:proxy</Issuer><Audience>a,b</Audience><ExpiresIn>1h</ExpiresIn><Id/>\
                 <AdditionalClaims><Claim name=\"show\">x</Claim></AdditionalClaims>\
                 <OutputVariable>made</OutputVariable></GenerateJWT>"
            );
            let public = public.map(|name| format!("<PublicKey><Value ref=\"{name}\"/></PublicKey>"));
            let public = public.unwrap_or_else(|| key.to_owned());
            let elements = format!("{public}<Source>made</Source><Subject>u</Subject><Audience>b</Audience>");
            let shown = "{made} {jwt.V.claim.jti} {jwt.V.seconds_remaining}";
            let policies = [generate, verify("V", algorithm, &elements), set("AM-Show", &header("x-shown", shown))];
            let site = setup.listener(Listener::new(configured(&policies)));
            move || async move {
                let reply = site.send(Request::get("/").header("user", "u")).await;
                assert_eq!(reply.status, 200, "{}", fault::start(&reply));
                let shown = site.upstream().only_request().header("x-shown").unwrap().to_owned();
                let [token, id, seconds] = shown.split(' ').collect::<Vec<_>>().try_into().unwrap();
                assert_eq!((token.split('.').count(), id.len()), (3, 36));
                assert!((3500..=3600).contains(&seconds.parse::<u32>().unwrap()), "{seconds}");
                let text = "Failed to Resolve Variable : policy(G) variable(request.header.user)";
                assert_fault(&site.get("/").await, "FailedToResolveVariable", text);
            }
        });
    }

    lab.case("a_token_in_a_form", |setup| {
        let elements = "<Source>request.formparam.jwt</Source><SecretKey><Value ref=\"private.secret\"/></SecretKey>";
        let policies = [verify("V", "HS256", elements), set("AM-Show", &header("x-shown", "{jwt.V.claim.subject}"))];
        let site = setup.listener(Listener::new(configured(&policies)).allow_on_headers_stop_iteration());
        move || async move {
            let token = bearer("HS256").replace("Bearer ", "");
            let form =
                |token: &str| Request::post("/", "application/x-www-form-urlencoded", format!("a=1&jwt={token}"));
            assert_eq!(site.send(form(&token)).await.status, 200);
            assert_eq!(site.upstream().only_request().header("x-shown"), Some("user-7"));
            // A body of 900 KB.
            let reply = site.send(form(&"a".repeat(900_000))).await;
            assert_fault(&reply, "FailedToDecode", "Failed to Decode Token: policy(V)");
            let reply = site.send(Request::post("/", "text/plain", "x")).await;
            let text = "Failed to Resolve Variable : policy(V) variable(request.formparam.jwt)";
            assert_fault(&reply, "FailedToResolveVariable", text);
        }
    });

    // What a client can send in a header.
    lab.case("harmful_tokens", |setup| {
        let policies = [verify("V", "HS256", "<SecretKey><Value ref=\"private.secret\"/></SecretKey>")];
        let site = setup.listener(Listener::new(configured(&policies)));
        move || async move {
            let members: String = (0..4000).map(|number| format!("\"c{number}\":1,")).collect();
            let nested = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
            let undecodable = ("FailedToDecode", "Failed to Decode Token: policy(V)");
            let not_json = ("InvalidJsonFormat", "Invalid JSON format: policy(V)");
            let header = encoded(r#"{"alg":"HS256"}"#);
            let cases = [
                (format!("{header}.{}.AAAA", encoded(&format!("{{{members}\"z\":1}}"))), undecodable),
                (format!("{header}.{}.AAAA", encoded(&nested)), not_json),
                (".".repeat(50_000), undecodable),
                ("a".repeat(50_000), undecodable),
                (format!("{header}.{}.", "A".repeat(50_000)), not_json),
                (
                    format!("{header}.{}.AAAA", encoded(&format!("{{{}\"a\":1}}", "\"a\":1,".repeat(5000)))),
                    ("InvalidToken", "Invalid token: policy(V)"),
                ),
            ];
            for (token, (name, text)) in cases {
                assert_fault(&send(&site, &format!("Bearer {token}")).await, name, text);
            }
            assert_eq!(send(&site, &bearer("HS256")).await.status, 200);
        }
    });
}

/// A text in Base64 for URLs.
fn encoded(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut digits = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            digits.push(DIGITS[(bits >> (18 - 6 * place)) as usize & 63].into());
        }
    }
    digits
}

/// A configuration with all keys in its properties.
fn configured(policies: &[String]) -> Value {
    json!({
        "policies": policies,
        "properties": {
            "private.secret": SECRET,
            "private.rsa": key_file!("rsa.pem"),
            "private.rsa.encrypted": key_file!("rsa-encrypted.pem"),
            "private.password": "sesame",
            "private.p256": key_file!("p256.pem"),
            "private.p384": key_file!("p384.pem"),
            "private.p521": key_file!("p521.pem"),
            "public.rsa": key_file!("rsa-public.pem"),
            "public.certificate": key_file!("rsa-certificate.pem"),
            "public.p256": key_file!("p256-public.pem"),
            "public.p384": key_file!("p384-public.pem"),
            "public.p521": key_file!("p521-public.pem"),
            "public.jwks": key_file!("jwks.json"),
        },
    })
}
