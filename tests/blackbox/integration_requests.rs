//! SetIntegrationRequest: every element with its literal text, its `ref` and its templates, and the object it makes.

use serde_json::{Value, json};

use crate::integration::{RISK, RISK_BODY, RISK_PATH, assert_ran, prepare, run, run_with, schedule};
use crate::lab::{IntegrationService, Lab, Listener, Message, Request};
use crate::policy::{assign_message, set};

const VARIABLES: [&str; 6] = [
    "integration.project.id",
    "integration.name",
    "integration.region",
    "integration.trigger",
    "integration.scheduletime",
    "setintegrationrequest.SIR.failed",
];

/// Every element of the policy, each with attributes and a text.
fn every_element(project: &str, name: &str, region: &str, trigger: &str, time: &str, parameter: &str) -> String {
    format!(
        "<SetIntegrationRequest name='SIR' continueOnError='false' enabled='true' async='false'>
           <DisplayName>Set it</DisplayName>
           <ProjectId{project}</ProjectId>
           <IntegrationName{name}</IntegrationName>
           <IntegrationRegion{region}</IntegrationRegion>
           <ApiTrigger{trigger}</ApiTrigger>
           <ScheduleTime{time}</ScheduleTime>
           <Parameters><Parameter name='p'{parameter}</Parameter>
             <ParameterArray name='a'><Value{parameter}</Value><Value> b </Value></ParameterArray></Parameters>
         </SetIntegrationRequest>"
    )
}

/// A request whose headers the policies of the cases read.
fn client() -> Request {
    let headers = [
        ("x-project", "from-project"),
        ("x-name", "from-name"),
        ("x-region", "europe-west3"),
        ("x-trigger", "api_trigger/from-trigger"),
        ("x-time", "2027-02-03T04:05:06Z"),
        ("x-parameter", "from parameter"),
    ];
    headers.into_iter().fold(Request::get("/v1"), |request, (name, value)| request.header(name, value))
}

pub fn cases(lab: &mut Lab) {
    sources(lab);
    defaults(lab);
    object(lab);
    attributes(lab);
}

fn sources(lab: &mut Lab) {
    let literal =
        [">lit-project", ">lit-name", ">us-west1", ">lit-trigger", ">2026-01-15T01:30:15-08:00", ">lit parameter"];
    let headers = ["x-project", "x-name", "x-region", "x-trigger", "x-time", "x-parameter"];
    let reference = headers.map(|header| format!(" ref='request.header.{header}'>"));
    let in_braces = headers.map(|header| format!(" ref='{{request.header.{header}}}'>"));
    let both: Vec<String> =
        reference.iter().zip(literal).map(|(with, text)| format!("{with}{}", text.trim_start_matches('>'))).collect();
    let fallback = literal.map(|text| format!(" ref='request.header.x-none'{text}"));
    let template = headers.map(|header| format!(">{{request.header.{header}}}"));
    let default = literal.map(|text| format!(">{{request.header.x-none:{}}}", text.trim_start_matches('>')));
    let of = |parts: &[String]| every_element(&parts[0], &parts[1], &parts[2], &parts[3], &parts[4], &parts[5]);
    let literal = literal.map(str::to_owned);

    let literally =
        ["lit-project", "lit-name", "us-west1", "lit-trigger", "2026-01-15T01:30:15-08:00", "lit parameter"];
    let referred =
        ["from-project", "from-name", "europe-west3", "from-trigger", "2027-02-03T04:05:06Z", "from parameter"];
    for (name, policy, expected) in [
        ("literals", of(&literal), literally),
        ("references", of(&reference), referred),
        ("references_in_braces", of(&in_braces), referred),
        ("references_win_over_texts", of(&both), referred),
        ("texts_stand_in_for_references", of(&fallback), literally),
        ("templates", of(&template), referred),
        ("templates_with_defaults", of(&default), literally),
    ] {
        lab.case(name, move |setup| {
            let service = IntegrationService::new(setup);
            let mut configuration = service.configuration(&[policy, schedule()]);
            configuration["filter_state"] = json!(["integration.*"]);
            let site = setup.listener(Listener::new(configuration).log_state(&VARIABLES));
            move || async move {
                assert_eq!(site.send(client()).await.status, 200);
                let [project, integration, region, trigger, time, parameter] = expected;
                let call = assert_ran(
                    &service.api,
                    &format!("/v1/projects/{project}/locations/{region}/integrations/{integration}:schedule"),
                    &format!(
                        r#"{{"triggerId":"api_trigger/{trigger}","inputParameters":{{"p":{{"stringValue":"{parameter}"}},"a":{{"stringArray":{{"stringValues":["{parameter}","b"]}}}}}},"scheduleTime":"{time}"}}"#
                    ),
                );
                assert_eq!(call.authority, format!("{region}-integrations.googleapis.com"));
                let logged = site.logged().await;
                let variables = VARIABLES.map(|name| logged.state(name).unwrap().trim_start_matches("api_trigger/"));
                assert_eq!(variables, [project, integration, region, trigger, time, "false"]);
            }
        });
    }
}

fn defaults(lab: &mut Lab) {
    let organization = json!({"organization": "acme"});
    for (name, elements, google_project, project) in [
        ("project_of_the_configuration", "", Some("default-project"), "default-project"),
        ("project_of_the_organization", "", None, "acme"),
        ("project_by_reference_to_the_organization", "<ProjectId ref='organization.name'/>", Some("other"), "acme"),
    ] {
        let organization = organization.clone();
        lab.case(name, move |setup| {
            let service = IntegrationService::new(setup);
            let mut configuration = service.configuration(&[prepare(elements), run()]);
            configuration["google"]["project"] = google_project.map_or(Value::Null, Value::from);
            if google_project.is_none() {
                configuration["google"] = json!({"metadata_cluster": service.metadata.cluster()});
            }
            configuration["proxy"] = organization;
            let site = setup.listener(Listener::new(configuration));
            move || async move {
                assert_eq!(site.get("/v1").await.status, 200);
                // No name: every integration under the trigger. No parameters: no member for them.
                let path = format!("/v1/projects/{project}/locations/us-west1/integrations/-:execute");
                assert_ran(&service.api, &path, r#"{"triggerId":"api_trigger/t"}"#);
            }
        });
    }

    lab.case("trigger_with_its_prefix", |setup| {
        let service = IntegrationService::new(setup);
        let policy = prepare("").replace(">t<", ">api_trigger/t<");
        let site = setup.listener(Listener::new(service.configuration(&[policy, run()])));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            let path = "/v1/projects/default-project/locations/us-west1/integrations/-:execute";
            assert_ran(&service.api, path, r#"{"triggerId":"api_trigger/t"}"#);
        }
    });
}

fn object(lab: &mut Lab) {
    const SHOW: &str = "<Headers><Header name='x-verb'>{integration.request.verb}</Header>
        <Header name='x-path'>{integration.request.path}</Header>
        <Header name='x-type'>{integration.request.header.content-type}</Header>
        <Header name='x-content'>{integration.request.content}</Header>
        <Header name='x-trigger'>{jsonPath('$.triggerId',integration.request.content)}</Header></Headers>";
    lab.case("object_is_read", |setup| {
        let service = IntegrationService::new(setup);
        let show = assign_message("AM-1", &format!("<AssignTo>request</AssignTo><Set>{SHOW}</Set>"));
        let mut configuration = service.configuration(&[RISK.to_owned(), show]);
        configuration["filter_state"] = json!(["integration.*"]);
        let site = setup.listener(Listener::new(configuration).log_state(&VARIABLES));
        move || async move {
            assert_eq!(site.get("/v1/risk?acct=A9").await.status, 200);
            // Nothing is sent.
            assert_eq!((service.api.heads(), service.metadata.heads()), (0, 0));
            let upstream = site.upstream().only_request();
            let expected = [
                ("x-verb", "POST"),
                ("x-path", RISK_PATH),
                ("x-type", "application/json"),
                ("x-content", RISK_BODY),
                ("x-trigger", "api_trigger/risk_API_1"),
            ];
            for (name, value) in expected {
                assert_eq!(upstream.header_all(name), [value]);
            }
            let logged = site.logged().await;
            assert_eq!(
                VARIABLES.map(|name| logged.state(name)),
                [Some("p1"), Some("risk"), Some("us-west1"), Some("risk_API_1"), None, None]
            );
        }
    });

    // Policies can add parts of the interface that SetIntegrationRequest lacks.
    lab.case("object_is_changed", |setup| {
        let service = IntegrationService::new(setup);
        let change = "<AssignTo>integration.request</AssignTo><Set><Headers><Header name='X-Goog-User-Project'>bill</Header></Headers>
            <Payload contentType='application/json'>{\"triggerId\":\"api_trigger/u\",\"requestId\":\"{request.queryparam.id}\"}</Payload></Set>";
        let policies = [RISK.to_owned(), assign_message("AM-1", change), run()];
        let site = setup.listener(Listener::new(service.configuration(&policies)));
        move || async move {
            assert_eq!(site.get("/v1?acct=A9&id=7").await.status, 200);
            let body = r#"{"triggerId":"api_trigger/u","requestId":"7"}"#;
            let call = assert_ran(&service.api, RISK_PATH, body);
            assert_eq!(call.header_all("x-goog-user-project"), ["bill"]);
        }
    });

    // An object that AssignMessage makes also runs; the filter replaces its token.
    lab.case("object_of_another_policy", |setup| {
        let service = IntegrationService::new(setup);
        let make = format!(
            "<AssignTo createNew='true' type='request'>made</AssignTo><Set><Verb>POST</Verb><Path>{RISK_PATH}</Path>
             <Headers><Header name='Authorization'>Bearer own</Header></Headers>
             <Payload contentType='application/json'>{RISK_BODY}</Payload></Set>"
        );
        let policies = [assign_message("AM-1", &make), run_with("<Request>made</Request>")];
        let site = setup.listener(Listener::new(service.configuration(&policies)));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            assert_ran(&service.api, RISK_PATH, RISK_BODY);
        }
    });

    lab.case("objects_with_names_of_their_own", |setup| {
        let service = IntegrationService::new(setup);
        let named = |policy: &str, request: &str, trigger: &str| {
            prepare(&format!("<Request>{request}</Request>"))
                .replace("name=\"SIR\"", &format!("name=\"{policy}\""))
                .replace(">t<", &format!(">{trigger}<"))
        };
        let policies = [
            named("SIR-1", "first", "one"),
            named("SIR-2", "second", "two"),
            run_with("<Request>first</Request>"),
            run_with("<Request>second</Request>").replace("IC-1", "IC-2"),
            set("AM-1", "<Headers><Header name='x-default'>{integration.request.path:none}</Header></Headers>"),
        ];
        let site = setup.listener(Listener::new(service.configuration(&policies)));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            let triggers: Vec<Value> =
                service.api.requests().iter().map(|call| call.json()["triggerId"].clone()).collect();
            assert_eq!(triggers, ["api_trigger/one", "api_trigger/two"]);
            assert_eq!(site.upstream().only_request().header("x-default"), Some("none"));
        }
    });
}

fn attributes(lab: &mut Lab) {
    lab.case("not_enabled", |setup| {
        let service = IntegrationService::new(setup);
        let policy = prepare("<ProjectId ref='nowhere'/>").replace("name=", "enabled=\"false\" name=");
        let show = set("AM-1", "<Headers><Header name='x-path'>{integration.request.path:none}</Header></Headers>");
        let site = setup.listener(Listener::new(service.configuration(&[policy, show])).log_state(&VARIABLES));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            assert_eq!(site.upstream().only_request().header("x-path"), Some("none"));
            assert_eq!(site.logged().await.state("setintegrationrequest.SIR.failed"), None);
        }
    });

    // The second object replaces the first one completely.
    lab.case("the_last_of_several_counts", |setup| {
        let service = IntegrationService::new(setup);
        let second = prepare("").replace("SIR", "SIR-2");
        let mut configuration = service.configuration(&[RISK.to_owned(), second, run()]);
        configuration["filter_state"] = json!(["integration.*"]);
        let site = setup.listener(Listener::new(configuration).log_state(&VARIABLES));
        move || async move {
            assert_eq!(site.get("/v1?acct=1").await.status, 200);
            let path = "/v1/projects/default-project/locations/us-west1/integrations/-:execute";
            assert_ran(&service.api, path, r#"{"triggerId":"api_trigger/t"}"#);
            assert_eq!(site.logged().await.state("integration.name"), Some("-"));
        }
    });
}
