use super::*;

const DECODE: &str = "<DecodeJWT name='D'/>";

#[test]
fn every_claim_and_header_is_a_variable() {
    let cases = [
        ("claim.audience", "[api, web]"),
        ("claim.aud", "[api, web]"),
        ("decoded.claim.aud", r#"["api","web"]"#),
        ("claim.expiry", "4102444800000"),
        ("claim.exp", "4102444800"),
        ("decoded.claim.exp", "4102444800"),
        ("claim.issuedat", "1700000000000"),
        ("claim.notbefore", "1700000000000"),
        ("claim.issuer", "https://issuer.test"),
        ("claim.subject", "user-7"),
        ("claim.sub", "user-7"),
        ("decoded.claim.sub", "user-7"),
        ("claim.admin", "false"),
        ("decoded.claim.level", "3"),
        ("decoded.claim.missing", ""),
        ("header.algorithm", "RS256"),
        ("header.alg", "RS256"),
        ("decoded.header.alg", "RS256"),
        ("header.type", "JWT"),
        ("header.kid", "rsa"),
        ("header-json", r#"{"alg":"RS256","typ":"JWT","kid":"rsa"}"#),
        ("payload-claim-names", "[iss, sub, aud, iat, nbf, exp, show, admin, level]"),
        ("expiry_formatted", "2100-01-01T00:00:00.000+0000"),
        ("seconds_remaining", "2302444800"),
        ("time_remaining_formatted", "639568:00:00.000"),
        ("is_expired", "false"),
        ("valid", ""),
        ("failed", "false"),
    ];
    let template: Vec<String> = cases.iter().map(|(name, _)| format!("{{jwt.D.{name}}}")).collect();
    let done = run(&[DECODE, &show(&template.join("|"))], Some(&token("RS256")), &json!({}));
    let values: Vec<&str> = cases.iter().map(|(_, value)| *value).collect();
    assert_eq!(shown(&done), values.join("|"));
    let done = run(&[DECODE, &show("{jwt.D.payload-json}{JWT.failed}")], Some(&token("RS256")), &json!({}));
    let payload = r#"{"iss":"https://issuer.test","sub":"user-7","aud":["api","web"],"iat":1700000000,"nbf":1700000000,"exp":4102444800,"show":"Now for something","admin":false,"level":3}"#;
    assert_eq!(shown(&done), payload);
}

#[test]
fn an_unsigned_token_without_times_is_decoded() {
    let text = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode("{}"));
    let template = "{jwt.D.header.algorithm}|{jwt.D.is_expired}|{jwt.D.seconds_remaining}|{jwt.D.payload-claim-names}";
    assert_eq!(shown(&run(&[DECODE, &show(template)], Some(&text), &json!({}))), "none|false||[]");
}

#[test]
fn an_expired_token_is_decoded() {
    let text = signed(&json!({"alg": "HS256"}), &json!({"exp": 1_799_999_999}));
    let template = "{jwt.D.is_expired} {jwt.D.seconds_remaining} {jwt.D.time_remaining_formatted}";
    assert_eq!(shown(&run(&[DECODE, &show(template)], Some(&text), &json!({}))), "true -1 00:00:00.000");
}

#[test]
fn claims_cannot_take_the_names_of_registered_ones() {
    let payload = json!({"subject": "admin", "issuer": "x", "expiry": 1, "sub": "user"});
    let text = signed(&json!({"alg": "HS256", "algorithm": "none", "type": "x"}), &payload);
    let template = "{jwt.D.claim.subject}|{jwt.D.claim.issuer}|{jwt.D.claim.expiry}|{jwt.D.header.algorithm}|{jwt.D.header.type}|\
                    {jwt.D.decoded.claim.issuer}";
    assert_eq!(shown(&run(&[DECODE, &show(template)], Some(&text), &json!({}))), "user|||HS256||x");
}

#[test]
fn the_source_is_any_variable() {
    let text = token("HS256");
    let decode = |source: &str| format!("<DecodeJWT name='D'><Source>{source}</Source></DecodeJWT>");
    let bearer = format!("bearer {text}");
    let cases: [(&str, &str, &str); 4] = [
        ("request.header.x-token", "x-token", &text),
        // `Bearer` is removed from the header in any spelling of its name.
        ("request.header.Authorization", "authorization", &bearer),
        ("request.header.authorization", "authorization", &text),
        ("var.jwt", "other", ""),
    ];
    for (source, header, value) in cases {
        let policies = [decode(source), show("{jwt.D.claim.subject}")];
        let done = run_with(&[&policies[0], &policies[1]], &[(header, value)], &json!({"var.jwt": text}));
        assert_eq!(shown(&done), "user-7", "{source} {value}");
    }
}

#[test]
fn a_second_token_replaces_the_variables_of_the_first() {
    let first = signed(&json!({"alg": "HS256"}), &json!({"a": 1, "exp": 4_000_000_000_i64}));
    let second = signed(&json!({"alg": "HS256"}), &json!({"b": 2}));
    let assign = format!(
        "<AssignMessage name='AM'><AssignVariable><Name>v</Name><Value>{second}</Value></AssignVariable></AssignMessage>"
    );
    let decode = "<DecodeJWT name='D'><Source>v</Source></DecodeJWT>";
    let policies = [decode, &assign, &show("{jwt.D.claim.a}|{jwt.D.claim.b}|{jwt.D.claim.expiry}")];
    let steps = ["D", "AM", "D", "show"];
    let steps = json!({"policies": policies, "request": steps, "properties": {"v": first}});
    let host = Scripted { now: NOW, ..Scripted::client("GET", "/", &[]) };
    assert_eq!(shown(&host.run(&plan(&steps))), "|2|");
}

#[test]
fn the_variables_of_a_policy_with_a_longer_name_stay() {
    let longer = DECODE.replace("name='D'", "name='D.2'");
    let done = run(
        &[&longer, DECODE, &show("{jwt.D.2.claim.subject} {jwt.D.claim.subject}")],
        Some(&token("RS256")),
        &json!({}),
    );
    assert_eq!(shown(&done), "user-7 user-7");
}

#[test]
fn other_texts_are_faults() {
    let decode_of = |source: &str| format!("<DecodeJWT name='D'><Source>{source}</Source></DecodeJWT>");
    let undecodable = "Failed to Decode Token: policy(D)";
    let cases = [
        (None, "FailedToResolveVariable", "Failed to Resolve Variable : policy(D) variable(null)"),
        (Some("Bearer a.b"), "FailedToDecode", undecodable),
        (Some("Bearer !.e30."), "FailedToDecode", undecodable),
        (Some("Bearer e30.W10."), "FailedToDecode", undecodable),
        // The default source needs the word Bearer.
        (Some("e30.e30."), "InvalidToken", "Invalid token: policy(D)"),
    ];
    for (value, name, text) in cases {
        let headers: Vec<(&str, &str)> = value.iter().map(|value| ("authorization", *value)).collect();
        assert_fault(&run_with(&[DECODE], &headers, &json!({})), name, text);
    }
    let text = "Failed to Resolve Variable : policy(D) variable(no.token)";
    assert_fault(&run(&[&decode_of("no.token")], None, &json!({})), "FailedToResolveVariable", text);
    let done = run(
        &[&DECODE.replace("/>", " continueOnError='true'/>"), &show("{JWT.failed}{jwt.D.failed}")],
        None,
        &json!({}),
    );
    assert_eq!(shown(&done), "truetrue");
}
