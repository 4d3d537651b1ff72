//! JWT policies in `check`, `render` and `trace`.

use super::render::bundle;
use super::{project, run, run_reading, scratch};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const VERIFY: &str = "<VerifyJWT name='VJ'><Algorithm>RS256</Algorithm><PublicKey><JWKS uri='https://issuer.test/keys'/></PublicKey></VerifyJWT>";
const GENERATE: &str =
    "<GenerateJWT name='GJ'><Algorithm>HS256</Algorithm><SecretKey><Value ref='private.secret'/></SecretKey>
    <Subject ref='jwt.VJ.decoded.claim.sub'/><OutputVariable>issued</OutputVariable></GenerateJWT>";
const ENCODE: &str = "<BasicAuthentication name='BA'><Operation>Encode</Operation><User ref='jwt.VJ.claim.subject'/>
    <Password ref='private.secret'/><AssignTo>credentials</AssignTo></BasicAuthentication>";
const PASS: &str = "<AssignMessage name='AM'><Set><Headers><Header name='X-Issued'>{issued}</Header>
    <Header name='X-User'>{jwt.VJ.claim.subject}</Header></Headers></Set></AssignMessage>";
const STEPS: &str =
    "<Step><Name>VJ</Name></Step><Step><Name>GJ</Name></Step><Step><Name>BA</Name></Step><Step><Name>AM</Name></Step>";
const RULES: &str =
    "<FaultRules><FaultRule name='f'><Condition>JWT.failed = true and fault.name = \"TokenExpired\"</Condition>
    <Step><Name>AM</Name></Step></FaultRule></FaultRules><RouteRule name='r'/>";

/// The environment file next to a bundle.
fn environment(bundle: &str) -> String {
    let path = Path::new(bundle).join("environment.yaml");
    fs::write(&path, "properties: {private.secret: 0123456789abcdef0123456789abcdef}\n").unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn check_knows_the_variables_and_the_faults() {
    let path = bundle("jwt-check", STEPS, &[VERIFY, GENERATE, ENCODE, PASS], RULES);
    let with = ["check", &path, "--environment", &environment(&path)];
    let found = run(&with);
    assert_eq!(found.status, 0, "{}", found.output);
    assert!(!found.output.contains("warning") && !found.output.contains("error"), "{}", found.output);
    let misspelt = PASS.replace("jwt.VJ.claim", "jwt.VK.claim");
    let rules = RULES.replace("TokenExpired", "TokenExpird");
    let path = bundle("jwt-check-wrong", STEPS, &[VERIFY, GENERATE, ENCODE, &misspelt], &rules);
    let found = run(&["check", &path, "--environment", &environment(&path)]).output;
    assert!(found.contains("nothing sets the variable jwt.VK.claim.subject"), "{found}");
    assert!(found.contains("did you mean TokenExpired?"), "{found}");
    let encrypted = VERIFY.replace("<Algorithm>", "<Type>Encrypted</Type><Algorithm>");
    let path = bundle("jwt-check-encrypted", STEPS, &[&encrypted, GENERATE, ENCODE, PASS], RULES);
    let found = run(&["check", &path]);
    assert_eq!(found.status, 1);
    assert!(found.output.contains("encrypted tokens are not supported"), "{}", found.output);
}

#[test]
fn render_writes_a_cluster_for_the_keys() {
    let path = bundle("jwt-render", STEPS, &[VERIFY, GENERATE, ENCODE, PASS], RULES);
    let rendered = run(&["render", &path, "--environment", &environment(&path), "--format", "filter"]);
    assert_eq!(rendered.status, 0, "{}", rendered.errors);
    let configuration: Value = serde_json::from_str(&rendered.output).unwrap();
    assert_eq!(configuration["clusters"], json!({"https://issuer.test": "issuer.test_443"}));
    let path = bundle(
        "jwt-render-any",
        STEPS,
        &[&VERIFY.replace("uri='https://issuer.test/keys'", "uriRef='v'"), GENERATE, ENCODE, PASS],
        RULES,
    );
    let rendered = run(&["render", &path, "--environment", &environment(&path), "--format", "filter"]);
    let configuration: Value = serde_json::from_str(&rendered.output).unwrap();
    assert_eq!(configuration["clusters"], json!({"*": "any_host_{scheme}"}));
}

#[test]
fn the_environment_template_names_the_secrets_and_the_hosts() {
    let verify = VERIFY.replace("uri='https://issuer.test/keys'", "uriRef='v'");
    let path = bundle("jwt-template", STEPS, &[&verify, GENERATE, ENCODE, PASS], RULES);
    let template = run(&["render", "--environment-template", &path]).output;
    assert!(template.contains("\nproperties:\n  # BA, GJ\n  \"private.secret\": VALUE\n"), "{template}");
    assert!(template.contains("# Allowed hosts of VJ: "), "{template}");
}

#[test]
fn trace_shows_the_request_for_the_keys_and_hides_credentials() {
    let path = bundle("jwt-trace", STEPS, &[VERIFY, GENERATE, ENCODE, PASS], RULES);
    let keys = fs::read_to_string(project().join("tests/keys/jwks.json")).unwrap();
    let reply = scratch("jwt-trace-reply").join("keys.http");
    fs::write(&reply, format!("HTTP/1.1 200 OK\nContent-Type: application/json\n\n{keys}")).unwrap();
    let tokens: Value =
        serde_json::from_str(&fs::read_to_string(project().join("tests/keys/tokens.json")).unwrap()).unwrap();
    let token = tokens["RS256"].as_str().unwrap();
    let environment = environment(&path);
    let reply = format!("VJ={}", reply.display());
    let arguments = ["trace", &path, "--environment", &environment, "--request", "-", "--reply", &reply, "--json"];
    let traced = run_reading(&arguments, &format!("GET /a\nAuthorization: Bearer {token}\n"));
    assert_eq!(traced.status, 0, "{}", traced.errors);
    let trace: Value = serde_json::from_str(&traced.output).unwrap();
    let steps = trace["events"].as_array().unwrap().iter().filter(|event| event["event"] == "step");
    let steps: Vec<&Value> = steps.collect();
    let call = &steps[0]["events"][0];
    assert_eq!((&call["event"], &call["source"]), (&json!("call"), &json!("given")), "{call}");
    assert_eq!(steps[0]["written"]["jwt.VJ.claim.subject"], "user-7");
    assert_eq!(steps[0]["written"]["jwt.VJ.valid"], "true");
    assert_eq!(steps[1]["written"]["issued"], "********");
    assert_eq!(steps[2]["written"]["credentials"], "********");
    assert!(!traced.output.contains("eyJ"), "no token is visible");
    assert_eq!(trace["unused_replies"], json!([]));
}
