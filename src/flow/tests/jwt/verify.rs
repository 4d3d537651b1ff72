use super::*;

fn verify(algorithm: &str, elements: &str) -> String {
    format!("<VerifyJWT name='V'><Algorithm>{algorithm}</Algorithm>{elements}</VerifyJWT>")
}

fn secret(elements: &str) -> String {
    verify("HS256", &format!("<SecretKey><Value ref='private.secret'/></SecretKey>{elements}"))
}

#[test]
fn every_algorithm_and_every_source_of_its_key_is_accepted() {
    let secret = |encoding: &str, name: &str| {
        format!("<SecretKey encoding='{encoding}'><Value ref='private.{name}'/></SecretKey>")
    };
    let public = |name: &str| format!("<PublicKey><Value ref='public.{name}'/></PublicKey>");
    let literal = |element: &str, text: &str| format!("<PublicKey><{element}>{text}</{element}></PublicKey>");
    let jwks = "<PublicKey><JWKS ref='public.jwks'/></PublicKey>".to_owned();
    let mut cases = vec![
        ("HS256", secret("", "secret")),
        ("HS384", secret("hex", "secret.hex")),
        ("HS384", secret("base16", "secret.hex")),
        ("HS512", secret("base64", "secret.base64")),
        ("HS512", secret("base64url", "secret.base64url")),
        ("HS256", "<SecretKey><Value encoding='base64' ref='private.secret.base64'/></SecretKey>".to_owned()),
        ("ES256", public("p256")),
        ("ES384", public("p384")),
        ("ES512", public("p521")),
        ("RS256", "<PublicKey><Certificate ref='public.certificate'/></PublicKey>".to_owned()),
        ("RS256", literal("Value", key_file!("rsa-public.pem"))),
        ("RS256", literal("Certificate", key_file!("rsa-certificate.pem"))),
        ("ES256", literal("JWKS", key_file!("jwks.json"))),
    ];
    for name in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] {
        cases.push((name, public("rsa")));
    }
    for name in ["RS256", "PS512", "ES256", "ES384", "ES512"] {
        cases.push((name, jwks.clone()));
    }
    for (algorithm, key) in cases {
        let policy = verify(algorithm, &key);
        let template = show("{jwt.V.valid} {jwt.V.claim.subject} {JWT.failed}");
        let done = run(&[&policy, &template], Some(&token(algorithm)), &json!({}));
        assert_eq!(shown(&done), "true user-7 ", "{policy}");
    }
    let several = verify("RS256, ES256,PS384", &jwks);
    for name in ["RS256", "ES256", "PS384"] {
        assert_eq!(shown(&run(&[&several, &show("{jwt.V.valid}")], Some(&token(name)), &json!({}))), "true", "{name}");
    }
}

/// A token cannot choose the algorithm or the kind of key.
#[test]
fn algorithms_cannot_be_confused() {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let unsigned = |alg: &str| format!("{}.{}.", part(&format!("{{\"alg\":\"{alg}\"}}")), part("{}"));
    // HS256 with the text of the RSA public key as the secret.
    let text = format!("{}.{}", part(r#"{"alg":"HS256","kid":"rsa"}"#), part("{}"));
    let hash = crate::policy::jwt::HashSize::Sha256;
    let code = envoy_callout_jose::code(hash, key_file!("rsa-public.pem").as_bytes(), text.as_bytes()).unwrap();
    let confused = format!("{text}.{}", URL_SAFE_NO_PAD.encode(code));
    let rsa = verify("RS256", "<PublicKey><Value ref='public.rsa'/></PublicKey>");
    let mismatch = |alg: &str| {
        format!(
            "Algorithm in header did not match any algorithm specified in Configuration: policy(V) algorithm({alg})"
        )
    };
    for (token, alg) in [
        (unsigned("none"), "none"),
        (unsigned("None"), "None"),
        (unsigned(""), ""),
        (confused, "HS256"),
        (token("RS384"), "RS384"),
        (token("PS256"), "PS256"),
        (token("ES256"), "ES256"),
    ] {
        assert_fault(&run(&[&rsa], Some(&token), &json!({})), "AlgorithmMismatch", &mismatch(alg));
    }
    let several = verify("RS256,RS384", "<PublicKey><Value ref='public.rsa'/></PublicKey>");
    let name = "AlgorithmInTokenNotPresentInConfiguration";
    assert_fault(&run(&[&several], Some(&token("RS512")), &json!({})), name, &mismatch("RS512"));
    let text = "No algorithm found in header: policy(V)";
    let header = |json: &str| format!("{}.{}.", part(json), part("{}"));
    for token in [header("{}"), header(r#"{"alg":7}"#)] {
        assert_fault(&run(&[&rsa], Some(&token), &json!({})), "NoAlgorithmFoundInHeader", text);
    }
}

#[test]
fn invalid_signatures_and_texts_are_faults() {
    let good = token("HS256");
    let (text, signature) = good.rsplit_once('.').unwrap();
    let other = token("RS256");
    let cases = [
        (format!("{text}."), "InvalidToken", "Invalid token: policy(V)"),
        (format!("{text}.AAAA"), "InvalidToken", "Invalid token: policy(V)"),
        ("W10.e30.AAAA".to_owned(), "InvalidJsonFormat", "Invalid JSON format: policy(V)"),
        (good.replacen('e', "!", 1), "FailedToDecode", "Failed to Decode Token: policy(V)"),
        (format!("{good}.{signature}"), "FailedToDecode", "Failed to Decode Token: policy(V)"),
    ];
    for (token, name, text) in cases {
        assert_fault(&run(&[&secret("")], Some(&token), &json!({})), name, text);
    }
    let (text, _) = other.rsplit_once('.').unwrap();
    let forged = format!("{text}.{}", token("RS512").rsplit_once('.').unwrap().1);
    let rsa = verify("RS256", "<PublicKey><Value ref='public.rsa'/></PublicKey>");
    assert_fault(&run(&[&rsa], Some(&forged), &json!({})), "InvalidToken", "Invalid token: policy(V)");
    // The variables are set, and `valid` is false.
    let policy = rsa.replace("name='V'", "name='V' continueOnError='true'");
    let template = show("{jwt.V.valid} {jwt.V.claim.subject} {JWT.failed} {fault.name}");
    assert_eq!(shown(&run(&[&policy, &template], Some(&forged), &json!({}))), "false user-7 true InvalidToken");
}

#[test]
fn unusable_keys_are_faults() {
    let secret = |name: &str, encoding: &str| {
        format!("<SecretKey encoding='{encoding}'><Value ref='private.{name}'/></SecretKey>")
    };
    let public = |element: &str| format!("<PublicKey>{element}</PublicKey>");
    let short = "Insufficient key length, at least 32 bytes are required: policy(V)";
    let cases = [
        ("HS256", secret("short", ""), "InsufficientKeyLength", short.to_owned()),
        ("HS384", secret("middle", ""), "InsufficientKeyLength", short.replace("32", "48")),
        ("HS512", secret("middle", ""), "InsufficientKeyLength", short.replace("32", "64")),
        ("HS256", secret("secret", "base64"), "InvalidToken", "Invalid token: policy(V)".to_owned()),
        ("HS256", secret("rsa", "base64"), "InvalidSecretKey", "Invalid secret key: policy(V)".to_owned()),
        ("HS256", secret("rsa", "hex"), "InvalidSecretKey", "Invalid secret key: policy(V)".to_owned()),
        (
            "HS256",
            secret("gone", ""),
            "FailedToResolveVariable",
            "Failed to Resolve Variable : policy(V) variable(private.gone)".to_owned(),
        ),
        (
            "HS256",
            format!("{}<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>", secret("gone", "")),
            "InsufficientKeyLength",
            short.to_owned(),
        ),
        (
            "RS256",
            public("<Value ref='gone'/>"),
            "FailedToResolveVariable",
            "Failed to Resolve Variable : policy(V) variable(gone)".to_owned(),
        ),
        (
            "RS256",
            public("<Value ref='public.jwks'/>"),
            "KeyParsingFailed",
            "Failed to parse the key: policy(V)".to_owned(),
        ),
        (
            "RS256",
            public("<JWKS ref='public.rsa'/>"),
            "KeyParsingFailed",
            "Failed to parse the key: policy(V)".to_owned(),
        ),
        (
            "RS256",
            public("<Value ref='public.rsa.small'/>"),
            "InvalidPublicKey",
            "Invalid public key: policy(V)".to_owned(),
        ),
        ("RS256", public("<Value ref='public.p256'/>"), "WrongKeyType", "Wrong key type: policy(V)".to_owned()),
        ("ES256", public("<Value ref='public.rsa'/>"), "WrongKeyType", "Wrong key type: policy(V)".to_owned()),
        ("ES256", public("<Value ref='public.p384'/>"), "InvalidCurve", "Invalid curve: policy(V)".to_owned()),
        (
            "RS256",
            public("<JWKS>{\"keys\":[]}</JWKS>"),
            "NoMatchingPublicKey",
            "No matching public key: policy(V) kid(rsa)".to_owned(),
        ),
    ];
    for (algorithm, key, name, text) in cases {
        assert_fault(&run(&[&verify(algorithm, &key)], Some(&token(algorithm)), &json!({})), name, &text);
    }
    let without_id = signed(&json!({"alg": "RS256"}), &json!({}));
    let policy = verify("RS256", &public("<JWKS ref='public.jwks'/>"));
    let text = "Key Id is missing in the header: policy(V)";
    assert_fault(&run(&[&policy], Some(&without_id), &json!({})), "KeyIdMissing", text);
}

#[test]
fn times_are_checked() {
    let now = 1_800_000_000_i64;
    let expired = ("TokenExpired", "The Token has expired: policy(V)");
    let early = ("TokenNotYetValid", "The Token is not yet valid: policy(V)");
    let claim = |name: &str| ("InvalidClaim", format!("Invalid Claim: policy(V) claim({name})"));
    let (exp, iat) = (claim("exp"), claim("iat"));
    let (exp, iat) = ((exp.0, exp.1.as_str()), (iat.0, iat.1.as_str()));
    let nbf = claim("nbf");
    let nbf = (nbf.0, nbf.1.as_str());
    let allow = "<TimeAllowance>10s</TimeAllowance>";
    let cases = [
        ("", json!({"exp": now + 1}), None),
        ("", json!({"exp": now}), Some(expired)),
        ("", json!({"exp": now - 1}), Some(expired)),
        (allow, json!({"exp": now - 9}), None),
        ("<TimeAllowance>10</TimeAllowance>", json!({"exp": now - 9}), None),
        (allow, json!({"exp": now - 10}), Some(expired)),
        ("", json!({"nbf": now}), None),
        ("", json!({"nbf": now + 1}), Some(early)),
        (allow, json!({"nbf": now + 10}), None),
        (allow, json!({"nbf": now + 11}), Some(early)),
        ("", json!({"iat": now}), None),
        ("", json!({"iat": now + 1}), Some(iat)),
        (allow, json!({"iat": now + 10}), None),
        ("<IgnoreIssuedAt>true</IgnoreIssuedAt>", json!({"iat": now + 100}), None),
        // Values that are not usable numbers are not absent.
        ("", json!({"exp": "4102444800"}), Some(exp)),
        ("", json!({"exp": null}), Some(exp)),
        ("", json!({"exp": 1e300}), Some(exp)),
        ("", json!({"nbf": []}), Some(nbf)),
        ("<MaxLifespan>1h</MaxLifespan>", json!({"nbf": now, "exp": now + 3600}), None),
        ("<MaxLifespan>1h</MaxLifespan>", json!({"nbf": now, "exp": now + 3601}), Some(exp)),
        ("<MaxLifespan>1h</MaxLifespan>", json!({"iat": now, "exp": now + 3601}), Some(exp)),
        ("<MaxLifespan>1h</MaxLifespan>", json!({"exp": now + 60}), Some(exp)),
        ("<MaxLifespan>1h</MaxLifespan>", json!({"nbf": now}), Some(exp)),
        (
            "<MaxLifespan useIssueTime='true'>1h</MaxLifespan>",
            json!({"iat": now, "nbf": now - 9, "exp": now + 3600}),
            None,
        ),
        ("<MaxLifespan useIssueTime='true'>1h</MaxLifespan>", json!({"nbf": now, "exp": now + 60}), Some(exp)),
        ("<MaxLifespan ref='life'>1h</MaxLifespan>", json!({"nbf": now, "exp": now + 3600}), Some(exp)),
        ("<MaxLifespan ref='bad.life'>1h</MaxLifespan>", json!({"nbf": now, "exp": now + 1}), Some(exp)),
    ];
    for (elements, payload, expected) in cases {
        let text = signed(&json!({"alg": "HS256"}), &payload);
        let more = json!({"life": "30m", "bad.life": "soon"});
        let done = run(&[&secret(elements), &show("{jwt.V.valid}")], Some(&text), &more);
        match expected {
            None => assert_eq!(shown(&done), "true", "{elements} {payload}"),
            Some((name, text)) => assert_fault(&done, name, text),
        }
    }
}

#[test]
fn claims_and_headers_are_checked() {
    let payload = json!({"sub": "s", "iss": "i", "aud": ["a", "b"], "jti": "j", "show": "x", "n": 7, "ok": true,
        "map": {"a": [1], "b": 2.0}, "list": ["p", "q"]});
    let header = json!({"alg": "HS256", "moniker": "Harvey"});
    let token = signed(&header, &payload);
    let claims = |claims: &str| format!("<AdditionalClaims>{claims}</AdditionalClaims>");
    let headers = |claims: &str| format!("<AdditionalHeaders>{claims}</AdditionalHeaders>");
    let ignore = "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>";
    let mismatch = |name: &str| (format!("Jwt{name}Mismatch"), format!("{name} mismatch: policy(V)"));
    let invalid = |name: &str| ("InvalidClaim".to_owned(), format!("Invalid Claim: policy(V) claim({name})"));
    let unresolved =
        ("FailedToResolveVariable".to_owned(), "Failed to Resolve Variable : policy(V) variable(gone)".to_owned());
    let cases = [
        ("<Subject>s</Subject><Issuer>i</Issuer><Audience>b</Audience><Id>j</Id>".to_owned(), None),
        ("<Audience>c, a</Audience>".to_owned(), None),
        ("<Subject ref='v.sub'>other</Subject>".to_owned(), None),
        ("<Subject ref='gone'>s</Subject>".to_owned(), None),
        ("<Id/>".to_owned(), None),
        ("<Subject>S</Subject>".to_owned(), Some(mismatch("Subject"))),
        ("<Issuer>j</Issuer>".to_owned(), Some(mismatch("Issuer"))),
        ("<Audience>c,d</Audience>".to_owned(), Some(mismatch("Audience"))),
        ("<Audience>a b</Audience>".to_owned(), Some(mismatch("Audience"))),
        ("<Id>k</Id>".to_owned(), Some(invalid("jti"))),
        ("<Issuer ref='gone'/>".to_owned(), Some(unresolved.clone())),
        // An unresolved value is not a check that is left out.
        (format!("<Issuer ref='gone'/>{ignore}"), Some(mismatch("Issuer"))),
        (format!("<Audience ref='gone'/>{ignore}"), Some(mismatch("Audience"))),
        (claims("<Claim name='show'>x</Claim><Claim name='n' type='number'>7.0</Claim>"), None),
        (claims("<Claim name='ok' type='boolean'>true</Claim><Claim name='show' ref='v.show'/>"), None),
        (claims("<Claim name='map' type='map'>{\"b\":2,\"a\":[1]}</Claim>"), None),
        (claims("<Claim name='list' array='true'>p,q</Claim>"), None),
        (claims("<Claim name='list' array='true'>q,p</Claim>"), Some(invalid("list"))),
        (claims("<Claim name='show'>y</Claim>"), Some(invalid("show"))),
        (claims("<Claim name='n'>7</Claim>"), Some(invalid("n"))),
        (claims("<Claim name='n' type='number'>x</Claim>"), Some(invalid("n"))),
        (claims("<Claim name='gone'>x</Claim>"), Some(invalid("gone"))),
        (claims("<Claim name='show' ref='gone'/>"), Some(unresolved.clone())),
        (format!("{}{ignore}", claims("<Claim name='show' ref='gone'/>")), Some(invalid("show"))),
        ("<AdditionalClaims ref='v.claims'/>".to_owned(), None),
        ("<AdditionalClaims ref='v.others'/>".to_owned(), Some(invalid("show"))),
        (format!("<AdditionalClaims ref='gone'/>{ignore}"), Some(unresolved)),
        (
            "<AdditionalClaims ref='v.show'/>".to_owned(),
            Some(("InvalidJsonFormat".to_owned(), "Invalid JSON format: policy(V)".to_owned())),
        ),
        (headers("<Claim name='moniker'>Harvey</Claim>"), None),
        (headers("<Claim name='moniker'>x</Claim>"), Some(invalid("moniker"))),
    ];
    let more = json!({"v.sub": "s", "v.show": "x", "v.claims": "{\"sub\":\"s\",\"n\":7}", "v.others": "{\"show\":1}"});
    for (elements, expected) in cases {
        let done = run(&[&secret(&elements), &show("{jwt.V.valid}")], Some(&token), &more);
        match expected {
            None => assert_eq!(shown(&done), "true", "{elements}"),
            Some((name, text)) => assert_fault(&done, &name, &text),
        }
    }
}

#[test]
fn critical_headers_have_to_be_known() {
    let fault = |name: &str| format!("Unhandled critical header: policy(V) header({name})");
    let cases = [
        ("", json!(["a"]), Some("a")),
        ("<KnownHeaders>a,b</KnownHeaders>", json!(["a", "b"]), None),
        ("<KnownHeaders>b</KnownHeaders>", json!(["b", "a"]), Some("a")),
        ("<KnownHeaders ref='v.known'/>", json!(["a"]), None),
        ("<KnownHeaders>a</KnownHeaders>", json!([]), Some("[]")),
        ("<KnownHeaders>a</KnownHeaders>", json!("a"), Some("\"a\"")),
        ("<KnownHeaders>7</KnownHeaders>", json!([7]), Some("7")),
        ("<IgnoreCriticalHeaders>true</IgnoreCriticalHeaders>", json!(["a"]), None),
    ];
    for (elements, critical, expected) in cases {
        let token = signed(&json!({"alg": "HS256", "a": 1, "crit": critical}), &json!({}));
        let done = run(&[&secret(elements), &show("{jwt.V.valid}")], Some(&token), &json!({"v.known": "a"}));
        match expected {
            None => assert_eq!(shown(&done), "true", "{elements} {critical}"),
            Some(name) => assert_fault(&done, "UnhandledCriticalHeader", &fault(name)),
        }
    }
}
