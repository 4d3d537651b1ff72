use super::*;
use crate::language::xml::Document;
use crate::policy::authentication::GoogleToken;
use crate::policy::connection::Target;

fn parse(text: &str) -> (Option<ServiceCallout>, Vec<String>) {
    let document = Document::parse(text).unwrap();
    let mut diagnostics = Diagnostics::about("policies[0]");
    let policy = ServiceCallout::parse(document.root(), &mut diagnostics);
    (policy, diagnostics.into_vec().iter().map(ToString::to_string).collect())
}

fn origin(policy: &ServiceCallout) -> String {
    let Target::Url(url) = &policy.connection.target else { panic!("{policy:?}") };
    url.origin.as_ref().unwrap().to_string()
}

/// A policy with that content around a working URL.
fn with(content: &str) -> (ServiceCallout, Vec<String>) {
    let connection = "<HTTPTargetConnection><URL>http://a.example.com</URL></HTTPTargetConnection>";
    let (policy, problems) = parse(&format!("<ServiceCallout name='SC'>{content}{connection}</ServiceCallout>"));
    (policy.unwrap(), problems)
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let (policy, problems) = with("");
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(policy.request.variable, "servicecallout.request");
    assert!(policy.request.clear_payload && !policy.request.ignore_unresolved && policy.request.actions.is_empty());
    assert_eq!(policy.response, None);
    assert_eq!(policy.timeout, Duration::from_secs(55));
    assert_eq!(origin(&policy), "http://a.example.com");
    assert!(
        policy.connection.properties.success_codes.contains(302)
            && !policy.connection.properties.success_codes.contains(400)
    );
}

#[test]
fn elements_are_read_in_any_order() {
    let (policy, problems) = parse(
        "<ServiceCallout async='false' continueOnError='true' name='SC-2'>
           <Properties/><FaultRules/>
           <Response> answer </Response>
           <HTTPTargetConnection>
             <Properties>
               <Property name='success.codes'>2xx, 404</Property>
               <Property name='io.timeout.millis'>2000</Property>
               <Property name='request.retain.headers.enabled'>false</Property>
               <Property name='request.retain.headers'>
                 User-Agent,Referer
               </Property>
             </Properties>
             <URL>http://a.example.com/{path}</URL>
           </HTTPTargetConnection>
           <Timeout>3000</Timeout>
           <Request clearPayload='false' variable='myRequest'>
             <Set><Verb>POST</Verb></Set>
             <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
             <Remove><Headers/></Remove>
           </Request>
         </ServiceCallout>",
    );
    assert!(problems.is_empty(), "{problems:?}");
    let policy = policy.unwrap();
    assert!(policy.attributes.continue_on_error && policy.request.ignore_unresolved && !policy.request.clear_payload);
    assert_eq!((&*policy.request.variable, policy.request.actions.len()), ("myRequest", 2));
    assert_eq!(policy.response.as_deref(), Some("answer"));
    assert_eq!(policy.timeout, Duration::from_secs(2));
    assert!(
        policy.connection.properties.success_codes.contains(404)
            && !policy.connection.properties.success_codes.contains(301)
    );
    assert!(policy.connection.properties.request_headers.keeps("user-agent", true));
    assert!(!policy.connection.properties.request_headers.keeps("x", true));
    assert!(policy.connection.properties.response_headers.keeps("x", true));
}

/// Every deployment error of docs/apigee-semantics.md 2.15 with its text, and the errors of this project.
#[test]
fn errors_have_apigees_names_and_texts() {
    let whole = [
        (
            "<ServiceCallout name='SC'/>",
            "SC, line 1, column 1: ConnectionInfoMissing: Connection information is missing in Step SC.",
        ),
        (
            "<ServiceCallout name='SC'><HTTPTargetConnection/></ServiceCallout>",
            "SC, line 1, column 27: URLMissing: URL is missing in Step SC.",
        ),
        (
            "<ServiceCallout name='SC'><HTTPTargetConnection><URL> </URL></HTTPTargetConnection></ServiceCallout>",
            "SC, line 1, column 49: URLMissing: URL is missing in Step SC.",
        ),
    ];
    for (text, problem) in whole {
        assert_eq!(parse(text), (None, vec![problem.to_owned()]), "{text}");
    }
    for timeout in ["0", "-5", "soon", "{t}", "1.5", "-99999999999999999999"] {
        let (_, problems) = with(&format!("<Timeout>{timeout}</Timeout>"));
        let problem = format!(
            "SC, line 1, column 27: InvalidTimeoutValue: Invalid Timeout value {timeout}. Timeout is a positive number of milliseconds"
        );
        assert_eq!(problems, [problem]);
    }
    let (_, problems) = with("<Response>my answer</Response>");
    assert_eq!(problems, ["SC, line 1, column 27: Response \"my answer\" is not a variable name"]);
}

#[test]
fn a_timeout_is_empty_or_large() {
    let cases = [
        ("", 55_000),
        (" ", 55_000),
        ("1", 1),
        ("2147483647", 2_147_483_647),
        ("2147483648", 2_147_483_647),
        ("4294967296", 2_147_483_647),
        ("99999999999999999999999", 2_147_483_647),
    ];
    for (timeout, milliseconds) in cases {
        let (policy, problems) = with(&format!("<Timeout>{timeout}</Timeout>"));
        assert_eq!((policy.timeout, problems), (Duration::from_millis(milliseconds), vec![]), "{timeout}");
    }
}

#[test]
fn oddities_are_warnings() {
    let cases = [
        ("<Response/>", "Response is empty: the flow does not wait for the response"),
        ("<Response>a</Response><Response>b</Response>", "duplicate Response; the first is used"),
        ("<Request><Path>/a</Path></Request>", "unknown element Path in Request is ignored"),
        ("<LocalTargetConnection/>", "LocalTargetConnection is ignored: there is an HTTPTargetConnection"),
        ("<Whatever/>", "unknown element Whatever in ServiceCallout is ignored"),
    ];
    for (content, problem) in cases {
        let (_, problems) = with(content);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].ends_with(problem), "{problems:?}");
    }
}

/// docs/apigee-semantics.md 2.12: Apigee's syntax blocks show the element directly under the policy.
#[test]
fn an_authentication_may_stand_under_the_policy() {
    let token = |scope: &str| {
        format!(
            "<Authentication><GoogleAccessToken><Scopes><Scope>{scope}</Scope></Scopes></GoogleAccessToken></Authentication>"
        )
    };
    let scopes = |policy: &ServiceCallout| match policy.connection.authentication.as_ref().map(|found| &found.token) {
        Some(GoogleToken::Access { scopes, .. }) => scopes.clone(),
        _ => Vec::new(),
    };
    let (policy, problems) = with(&token("outer"));
    assert_eq!(scopes(&policy), ["outer"]);
    let belongs = "Authentication belongs in HTTPTargetConnection; it has the same effect here";
    assert_eq!(problems, [format!("SC, line 1, column 27: {belongs}")]);

    let parsed = |outer: &str, inner: &str| {
        let connection = format!("<HTTPTargetConnection>{inner}<URL>http://a.example.com</URL></HTTPTargetConnection>");
        let (policy, problems) = parse(&format!("<ServiceCallout name='SC'>{outer}{connection}</ServiceCallout>"));
        (scopes(&policy.unwrap()), problems.len())
    };
    assert_eq!(parsed(&token("outer"), &token("inner")), (vec!["inner".to_owned()], 1));
    assert_eq!(parsed(&token("outer"), "<Authentication/>"), (vec!["outer".to_owned()], 2));
    assert_eq!(parsed("<Authentication/>", &token("inner")), (vec!["inner".to_owned()], 1));
    let local = "<LocalTargetConnection><Path>/v1</Path></LocalTargetConnection>";
    let (policy, _) = parse(&format!("<ServiceCallout name='SC'>{}{local}</ServiceCallout>", token("outer")));
    assert_eq!(scopes(&policy.unwrap()), ["outer"]);
}
