//! Secrets in the output of `trace`.

use super::{run, run_reading, scratch};

/// A configuration that copies secrets to other variables and messages.
const LEAKY: &str = r#"{"policies": [
  "<AssignMessage name='AM'><AssignVariable><Name>private.key</Name><Value>k3y &amp; more</Value></AssignVariable><AssignVariable><Name>copy</Name><Ref>private.key</Ref></AssignVariable></AssignMessage>",
  "<ServiceCallout name='SC'><Request><Set><Headers><Header name='x-copy'>{request.header.authorization}</Header></Headers><QueryParams><QueryParam name='key'>{private.key}</QueryParam></QueryParams><Verb>POST</Verb><Payload contentType='application/json'>{\"k\":\"{private.key}\",\"c\":\"{request.header.cookie}\"}</Payload></Set></Request><Response>r</Response><HTTPTargetConnection><URL>http://a.test/</URL></HTTPTargetConnection></ServiceCallout>"],
  "request": [{"step": "AM", "condition": "request.header.authorization != null"}, "SC"],
  "filter_state": ["private.key", "copy"], "clusters": {"*": "services"}}"#;

#[test]
fn secrets_are_masked_in_every_text() {
    let path = scratch("leaky").join("filter.json");
    std::fs::write(&path, LEAKY).unwrap();
    let reply = path.with_file_name("reply.http");
    std::fs::write(&reply, "HTTP/1.1 200 OK\nSet-Cookie: id=n3w-one; Path=/\n\nyour key is k3y & more, n3w-one\n")
        .unwrap();
    let (path, reply) = (path.to_str().unwrap(), reply.to_str().unwrap());
    let common = ["--request", "../../tool/tests/cli/trace/order.http", "--reply", reply];
    for form in [&[][..], &["--json"]] {
        let arguments: Vec<&str> = ["trace", path].into_iter().chain(common).chain(form.iter().copied()).collect();
        let masked = run(&arguments);
        assert_eq!(masked.status, 0);
        for secret in ["k3y", "s3cret", "c00kie", "n3w"] {
            assert!(!masked.output.contains(secret), "{secret} in {}", masked.output);
        }
        assert!(masked.output.contains("POST http://a.test/?key=********") || !form.is_empty(), "{}", masked.output);
        assert!(masked.output.contains("your key is ********, ********"), "{}", masked.output);
        let shown = run(&[&arguments[..], &["--show-secrets"]].concat());
        for secret in ["k3y & more", "s3cret-of-the-client", "c00kie", "n3w-one"] {
            assert!(shown.output.contains(secret), "{secret} in {}", shown.output);
        }
    }
}

#[test]
fn a_mask_configuration_hides_variables_and_parts_of_bodies() {
    let folder = scratch("trace-mask");
    let mask = folder.join("mask.json");
    std::fs::write(&mask, r#"{"variables": ["request.queryparam.code"], "responseJSONPaths": ["$.city"]}"#).unwrap();
    let mask = mask.to_str().unwrap();
    let reply = "SC-Place=../../examples/weather/trace/known.http";
    let arguments = ["trace", "../../examples/weather", "--request", "-", "--reply", reply, "--mask", mask];
    let run = run_reading(&arguments, "GET /weather?code=7\n");
    assert_eq!((run.status, run.errors.as_str()), (0, ""));
    for line in [
        "              request.queryparam.code = ********\n",
        "     wrote  place.city = ********\n",
        "  + X-Place: ********\n",
        "{\"firstName\":\"john\",\"lastName\":\"doe\",\"city\":\"********\",\"state\":\"CA\"}\n",
    ] {
        assert!(run.output.contains(line), "{line}\n{}", run.output);
    }
    assert!(!run.output.contains("San Jose"), "{}", run.output);
    std::fs::write(folder.join("mask.json"), "<MaskDataConfiguration/>").unwrap();
    let rejected = run_reading(&arguments, "GET /weather?code=7\n");
    let text = format!("envoy-callout: {mask} is not a mask configuration: expected value at line 1 column 1\n");
    assert_eq!((rejected.status, rejected.errors), (2, text));
}
