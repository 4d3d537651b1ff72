use super::*;
use crate::language::xml::Document;

fn parse(content: &str) -> (Option<SetIntegrationRequest>, Vec<String>) {
    let text = format!("<SetIntegrationRequest name='SIR'>\n{content}</SetIntegrationRequest>");
    let document = Document::parse(&text).unwrap();
    let mut diagnostics = Diagnostics::about("policies[0]");
    let policy = SetIntegrationRequest::parse(document.root(), &mut diagnostics);
    (policy, diagnostics.into_vec().iter().map(ToString::to_string).collect())
}

const REQUIRED: &str = "<IntegrationRegion>us-west1</IntegrationRegion><ApiTrigger>t</ApiTrigger>";

#[test]
fn every_element_is_read() {
    let (policy, problems) = parse(&format!(
        "<ProjectId ref='organization.name'/><IntegrationName>i</IntegrationName>{REQUIRED}
         <ScheduleTime ref='when'>2026-01-15T01:30:15-08:00</ScheduleTime>
         <Parameters>
           <Parameter name='a' ref='request.queryparam.a'/>
           <Parameter name='b' type='Int'>7</Parameter>
           <ParameterArray name='c' type='double'><Value>1</Value><Value ref='v'/></ParameterArray>
           <Parameter name='d' type='json' ref='request.content'>{{}}</Parameter>
         </Parameters>
         <Request>mine</Request>"
    ));
    assert!(problems.is_empty(), "{problems:?}");
    let policy = policy.unwrap();
    assert_eq!(policy.project.as_ref().unwrap().reference.as_ref().unwrap().name(), "organization.name");
    assert_eq!(policy.origin().unwrap().to_string(), "https://us-west1-integrations.googleapis.com");
    assert_eq!(policy.request, "mine");
    let kinds: Vec<_> = policy.parameters.iter().map(|parameter| (&*parameter.name, parameter.kind)).collect();
    let expected = [
        ("a", ParameterType::String),
        ("b", ParameterType::Integer),
        ("c", ParameterType::Double),
        ("d", ParameterType::Json),
    ];
    assert_eq!(kinds, expected);
    assert!(policy.uses_body(&["request"]) && !policy.uses_body(&["response"]));
}

#[test]
fn the_least_is_a_region_and_a_trigger() {
    let (policy, problems) = parse(REQUIRED);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(policy.unwrap().request, "integration.request");
    let (policy, problems) = parse("<ApiTrigger/>");
    assert_eq!(policy, None);
    assert_eq!(
        problems,
        [
            "SIR, line 1, column 1: SetIntegrationRequest[SIR]: IntegrationRegion is missing",
            "SIR, line 1, column 1: SetIntegrationRequest[SIR]: ApiTrigger is missing",
        ]
    );
}

#[test]
fn parameters_have_names_and_known_types() {
    let cases = [
        ("<Parameter type='string'>x</Parameter>", "MissingName: Required attribute name is missing in Parameter"),
        (
            "<Parameter name='a' type='number'>x</Parameter>",
            "type must be one of string, integer, double, boolean, json, got \"number\"",
        ),
        (
            "<ParameterArray name='a' type='json'/>",
            "type must be one of string, integer, double, boolean, got \"json\"",
        ),
        ("<Value>x</Value>", "unknown element Value in Parameters is ignored"),
    ];
    for (content, expected) in cases {
        let (_, problems) = parse(&format!("{REQUIRED}<Parameters>{content}</Parameters>"));
        let [problem] = problems.as_slice() else { panic!("{problems:?}") };
        assert!(problem.ends_with(&format!(": {expected}")), "{problem}");
    }
}

#[test]
fn a_region_cannot_be_more_than_a_part_of_a_host() {
    for region in ["", "a.b", "a/b", "evil.example.com#", "a b", "é"] {
        assert_eq!(service_origin(region), None, "{region}");
    }
}
