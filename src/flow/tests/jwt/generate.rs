use super::*;

fn generate(algorithm: &str, elements: &str) -> String {
    format!("<GenerateJWT name='G'><Algorithm>{algorithm}</Algorithm>{elements}</GenerateJWT>")
}

/// A policy with HS256.
fn secret(elements: &str) -> String {
    generate("HS256", &format!("<SecretKey><Value ref='private.secret'/></SecretKey>{elements}"))
}

/// The header and the payload of the token that a policy generates.
fn parts(policy: &str, more: &Value) -> (String, String) {
    let token = shown(&run(&[policy, &show("{jwt.G.generated_jwt}")], None, more));
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut text = || String::from_utf8(parts.next().unwrap()).unwrap();
    (text(), text())
}

/// The sample of the documentation.
#[test]
fn claims_are_in_the_documented_order() {
    let policy = generate(
        "HS256",
        "<Type>Signed</Type><SecretKey><Value ref='private.secret'/><Id>1918290</Id></SecretKey><ExpiresIn>1h</ExpiresIn>
         <Subject>monty-pythons-flying-circus</Subject><Issuer>urn://apigee-JWT-policy-test</Issuer>
         <Audience>fans</Audience><Id/><AdditionalClaims>
         <Claim name='show'>And now for something completely different.</Claim></AdditionalClaims>",
    );
    let (header, payload) = parts(&policy, &json!({}));
    assert_eq!(header, r#"{"typ":"JWT","alg":"HS256","kid":"1918290"}"#);
    assert_eq!(
        payload,
        r#"{"sub":"monty-pythons-flying-circus","iss":"urn://apigee-JWT-policy-test","aud":"fans","iat":1800000000,"exp":1800003600,"jti":"07070707-0707-4707-8707-070707070707","show":"And now for something completely different."}"#
    );
}

#[test]
fn every_element_makes_a_claim_or_a_header() {
    let claims = |claims: &str| format!("<AdditionalClaims>{claims}</AdditionalClaims>");
    let ignore = "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>";
    let cases = [
        (String::new(), "{}"),
        ("<Subject ref='v.a'>other</Subject>".to_owned(), r#"{"sub":"A"}"#),
        ("<Subject ref='gone'>other</Subject>".to_owned(), r#"{"sub":"other"}"#),
        (format!("<Subject ref='gone'/><Audience ref='gone'/><Id ref='gone'/>{ignore}"), "{}"),
        ("<Audience>a, b</Audience>".to_owned(), r#"{"aud":["a","b"]}"#),
        ("<Audience ref='v.list'/>".to_owned(), r#"{"aud":["p","q"]}"#),
        ("<Id>7</Id>".to_owned(), r#"{"jti":"7"}"#),
        ("<Id ref='v.a'/>".to_owned(), r#"{"jti":"A"}"#),
        ("<ExpiresIn>1500</ExpiresIn>".to_owned(), r#"{"exp":1800000001}"#),
        ("<ExpiresIn>10d</ExpiresIn>".to_owned(), r#"{"exp":1800864000}"#),
        ("<ExpiresIn ref='v.life'>1h</ExpiresIn>".to_owned(), r#"{"exp":1800001800}"#),
        ("<NotBefore>10s</NotBefore>".to_owned(), r#"{"nbf":1800000010}"#),
        ("<NotBefore>2017-08-14T11:00:21-07:00</NotBefore>".to_owned(), r#"{"nbf":1502733621}"#),
        ("<CustomClaims><Claim name='x'>y</Claim></CustomClaims>".to_owned(), "{}"),
        (
            claims(
                "<Claim name='s'>x</Claim><Claim name='n' type='number'>1.50</Claim><Claim name='b' type='boolean'>true</Claim>
                 <Claim name='m' type='map'>{\"a\":\"{v.a}\"}</Claim><Claim name='l' array='true'>p,q</Claim>
                 <Claim name='r' ref='v.a'/><Claim name='d' ref='gone'>default</Claim>",
            ),
            r#"{"s":"x","n":1.50,"b":true,"m":{"a":"A"},"l":["p","q"],"r":"A","d":"default"}"#,
        ),
        (format!("{}{ignore}", claims("<Claim name='r' ref='gone'/>")), "{}"),
        // A template in the value of a variable is text: the value may come from a client.
        (claims("<Claim name='m' type='map' ref='v.template'/>"), r#"{"m":{"a":"{private.secret}"}}"#),
        ("<AdditionalClaims ref='v.claims'/>".to_owned(), r#"{"sub":"p","more":{"a":817}}"#),
        (format!("<AdditionalClaims ref='gone'/>{ignore}"), "{}"),
    ];
    let more = json!({"v.a": "A", "v.list": "p,q", "v.life": "30m", "v.claims": "{\"sub\":\"p\",\"more\":{\"a\":817}}",
        "v.template": "{\"a\":\"{private.secret}\"}"});
    for (elements, expected) in cases {
        let (header, payload) = parts(&secret(&elements), &more);
        assert_eq!(header, r#"{"typ":"JWT","alg":"HS256"}"#);
        let without_issue = payload.replacen("\"iat\":1800000000", "", 1).replacen("{,", "{", 1).replacen(",,", ",", 1);
        let without_issue = without_issue.strip_suffix(",}").map_or(without_issue.clone(), |text| format!("{text}}}"));
        assert_eq!(without_issue, expected, "{elements}");
    }
    let headers = "<AdditionalHeaders><Claim name='moniker'>Harvey</Claim></AdditionalHeaders>
        <CriticalHeaders>a, moniker</CriticalHeaders>";
    let (header, _) = parts(&secret(headers), &json!({}));
    assert_eq!(header, r#"{"typ":"JWT","alg":"HS256","crit":["a","moniker"],"moniker":"Harvey"}"#);
    // The object of a variable cannot change the algorithm.
    let (header, _) = parts(&secret("<AdditionalHeaders ref='v.h'/>"), &json!({"v.h": "{\"alg\":\"none\",\"x\":1}"}));
    assert_eq!(header, r#"{"typ":"JWT","alg":"HS256","x":1}"#);
}

#[test]
fn every_algorithm_makes_a_token_that_is_valid() {
    let secret = "<SecretKey><Value ref='private.secret'/><Id>k</Id></SecretKey>".to_owned();
    let private = |name: &str| format!("<PrivateKey><Value ref='private.{name}'/><Id>{name}</Id></PrivateKey>");
    let jwks = "<PublicKey><JWKS ref='public.jwks'/></PublicKey>".to_owned();
    let mut cases = vec![
        ("ES256", private("p256"), jwks.clone()),
        ("ES384", private("p384"), jwks.clone()),
        ("ES512", private("p521"), jwks.clone()),
    ];
    for name in ["HS256", "HS384", "HS512"] {
        cases.push((name, secret.clone(), secret.replace("<Id>k</Id>", "")));
    }
    for name in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] {
        cases.push((name, private("rsa"), jwks.clone()));
    }
    let encrypted = "<Value ref='private.rsa.encrypted'/><Password ref='private.password'/><Id>rsa</Id>";
    cases.push(("RS256", format!("<PrivateKey>{encrypted}</PrivateKey>"), jwks));
    for (algorithm, key, public) in cases {
        let generated = generate(algorithm, &format!("{key}<Subject>s</Subject><OutputVariable>t</OutputVariable>"));
        let verified =
            format!("<VerifyJWT name='V'><Algorithm>{algorithm}</Algorithm>{public}<Source>t</Source></VerifyJWT>");
        let done = run(&[&generated, &verified, &show("{jwt.V.valid} {jwt.V.claim.subject}")], None, &json!({}));
        assert_eq!(shown(&done), "true s", "{algorithm}");
    }
}

#[test]
fn the_token_is_written_to_any_variable() {
    let policy = secret("<OutputVariable>request.header.x-token</OutputVariable>");
    let done = run(&[&policy], None, &json!({}));
    let changes = done.changes(Direction::Request);
    let token = changes[0].strip_prefix("x-token: ").unwrap();
    assert_eq!(token, signed(&json!({"typ": "JWT", "alg": "HS256"}), &json!({"iat": 1_800_000_000})));
}

#[test]
fn values_and_keys_that_are_not_usable_are_faults() {
    let key = |algorithm: &str, name: &str| {
        generate(algorithm, &format!("<PrivateKey><Value ref='private.{name}'/></PrivateKey>"))
    };
    let short = |algorithm: &str, name: &str| {
        generate(algorithm, &format!("<SecretKey><Value ref='private.{name}'/></SecretKey>"))
    };
    let failed = |name: &str| format!("Generation failed: policy(G) claim({name})");
    let unresolved = |name: &str| format!("Failed to Resolve Variable : policy(G) variable({name})");
    let claim = |claim: &str| secret(&format!("<AdditionalClaims>{claim}</AdditionalClaims>"));
    let cases = [
        (key("RS256", "secret"), "InvalidPrivateKey", "Invalid private key: policy(G)".to_owned()),
        (key("RS256", "rsa.small"), "InvalidPrivateKey", "Invalid private key: policy(G)".to_owned()),
        (key("RS256", "p256"), "WrongKeyType", "Wrong key type: policy(G)".to_owned()),
        (key("ES256", "rsa"), "WrongKeyType", "Wrong key type: policy(G)".to_owned()),
        (key("ES256", "p384"), "InvalidCurve", "Invalid curve: policy(G)".to_owned()),
        (key("RS256", "rsa.encrypted"), "InvalidPrivateKey", "Invalid private key: policy(G)".to_owned()),
        (key("ES256", "gone"), "FailedToResolveVariable", unresolved("private.gone")),
        (
            short("HS256", "short"),
            "InsufficientKeyLength",
            "Insufficient key length, at least 32 bytes are required: policy(G)".to_owned(),
        ),
        (short("HS384", "middle"), "SigningFailed", "Signing failed: policy(G)".to_owned()),
        (short("HS512", "middle"), "SigningFailed", "Signing failed: policy(G)".to_owned()),
        (secret("<Subject ref='gone'/>"), "FailedToResolveVariable", unresolved("gone")),
        (claim("<Claim name='c' ref='gone'/>"), "FailedToResolveVariable", unresolved("gone")),
        (claim("<Claim name='c' type='map'>{\"a\":\"{gone}\"}</Claim>"), "FailedToResolveVariable", unresolved("gone")),
        (claim("<Claim name='c' type='number'>x</Claim>"), "GenerationFailed", failed("c")),
        (claim("<Claim name='c' type='map'>[]</Claim>"), "GenerationFailed", failed("c")),
        (secret("<AdditionalClaims ref='bad'/>"), "InvalidJsonFormat", "Invalid JSON format: policy(G)".to_owned()),
        (secret("<ExpiresIn ref='bad'/>"), "GenerationFailed", failed("exp")),
        (secret("<NotBefore ref='bad'/>"), "GenerationFailed", failed("nbf")),
        (
            secret("<OutputVariable>system.uuid</OutputVariable>"),
            "GenerationFailed",
            "Generation failed: policy(G) variable(system.uuid)".to_owned(),
        ),
    ];
    for (policy, name, text) in cases {
        assert_fault(&run(&[&policy], None, &json!({"bad": "soon"})), name, &text);
    }
}
