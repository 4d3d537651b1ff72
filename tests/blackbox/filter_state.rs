//! The variables that other filters and access logs see, and the filter state of others that this filter reads.

use serde_json::{Value, json};

use crate::lab::{Cluster, Lab, Listener, Message, MockResponse, Received, Request, filter, ours};
use crate::policy::{ServiceCallout, assign_message, header, set};

/// Published by default, in the order of docs/guide/variables.md.
const DEFAULT: [&str; 3] = ["userResp.content", "userResp.status.code", "servicecallout.SC-User.failed"];

const AFTER_A_FAULT: [&str; 3] = ["fault.name", "error.message", "error.status.code"];

/// Published only when `filter_state` names them.
const OTHERS: [&str; 16] = [
    "servicecallout.SC-User.target.url",
    "servicecallout.requesturi",
    "userResp",
    "userResp.header.etag",
    "userResp.reason.phrase",
    "userReq.verb",
    "userReq.content",
    "request.path",
    "request.content",
    "fault.reason",
    "fault.category",
    "error.content",
    "error.reason.phrase",
    "is.error",
    "organization.name",
    "propertyset.s.k",
];

fn callout() -> ServiceCallout {
    ServiceCallout::new("SC-User", "http://users.test/api")
        .variable("userReq")
        .response("userResp")
        .set("<Path>/7</Path>")
}

/// The configuration of `callout` with constants, and these extras.
fn configuration(cluster: &str, extras: &[&str]) -> Value {
    json!({
        "policies": [callout().xml()],
        "clusters": {"*": cluster},
        "proxy": {"organization": "org"},
        "properties": {"propertyset.s.k": "constant"},
        "filter_state": extras,
    })
}

fn response(_: &Received) -> MockResponse {
    MockResponse::json(200, r#"{"id":7}"#).header("etag", "v1")
}

pub fn cases(lab: &mut Lab) {
    default_set(lab);
    extras(lab);
    readers(lab);
    foreign(lab);
    withdrawn(lab);
}

/// The old value of a variable that became unresolved is neither its value nor in the access log.
fn withdrawn(lab: &mut Lab) {
    lab.case("what_no_longer_resolves_is_empty", |setup| {
        let users = setup.backend(response);
        let refusing = setup.cluster_refusing_connections(Cluster::new());
        let again = ServiceCallout::new("SC-Again", "http://gone.test/").response("userResp").continue_on_error();
        let assign = |name: &str, source: &str| {
            assign_message(
                name,
                &format!(
                    "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
                     <AssignVariable><Name>tenant.id</Name>{source}</AssignVariable>"
                ),
            )
        };
        let template = "{userResp.content:none} {userResp.status.code:none} {tenant.id:none} {tenant.name:none}";
        let site = setup.listener(
            Listener::new(json!({
                "policies": [
                    callout().xml(),
                    again.xml(),
                    assign("AM-Set", "<Value>acme</Value>"),
                    assign("AM-Unset", "<Ref>missing</Ref>"),
                    set("AM-Report", &header("x-value", template)),
                ],
                "request": ["SC-User", "AM-Set"],
                "response": ["SC-Again", "AM-Unset", "AM-Report"],
                "clusters": {"http://users.test": users.cluster(), "http://gone.test": refusing},
                "filter_state": ["tenant.*", "tenant.name"],
            }))
            .before(filter::set_filter_state("wasm.tenant.name", "Acme"))
            .log_state(&["userResp.content", "userResp.status.code", "tenant.id", "tenant.name"]),
        );
        move || async move {
            assert_eq!(site.get("/").await.header("x-value"), Some(r#"{"id":7} 200 none Acme"#));
            let logged = site.logged().await;
            assert_eq!(
                ["userResp.content", "userResp.status.code", "tenant.id", "tenant.name"].map(|name| logged.state(name)),
                [Some(r#"{"id":7}"#), Some("200"), Some(""), Some("Acme")]
            );
        }
    });
}

fn default_set(lab: &mut Lab) {
    lab.case("default_set", |setup| {
        let users = setup.backend(response);
        let site = setup.listener(
            Listener::new(configuration(users.cluster(), &[]))
                .log_state(&DEFAULT)
                .log_state(&AFTER_A_FAULT)
                .log_state(&OTHERS),
        );
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let logged = site.logged().await;
            assert_eq!(
                DEFAULT.map(|variable| logged.state(variable)),
                [Some(r#"{"id":7}"#), Some("200"), Some("false")]
            );
            for variable in AFTER_A_FAULT.iter().chain(&OTHERS) {
                assert_eq!((variable, logged.state(variable)), (variable, None));
            }
        }
    });

    lab.case("default_set_after_a_fault", |setup| {
        let users = setup.backend(|_: &Received| MockResponse::text(404, "no"));
        let site = setup.listener(
            Listener::new(configuration(users.cluster(), &[]))
                .log_state(&DEFAULT)
                .log_state(&AFTER_A_FAULT)
                .log_state(&OTHERS),
        );
        move || async move {
            assert_eq!(site.get("/").await.status, 500);
            let logged = site.logged().await;
            assert_eq!(DEFAULT.map(|variable| logged.state(variable)), [Some("no"), Some("404"), Some("true")]);
            let text = crate::fault::execution_failed("SC-User", "ResponseCode 404 is treated as error");
            assert_eq!(
                AFTER_A_FAULT.map(|variable| logged.state(variable)),
                [Some("ExecutionFailed"), Some(text.as_str()), Some("500")]
            );
            for variable in OTHERS {
                assert_eq!((variable, logged.state(variable)), (variable, None));
            }
        }
    });
}

fn extras(lab: &mut Lab) {
    lab.case("extras_by_name", |setup| {
        const EXTRAS: [&str; 9] = [
            "userResp",
            "userResp.header.etag",
            "userResp.reason.phrase",
            "userReq.verb",
            "request.path",
            "request.queryparam.a",
            "organization.name",
            "propertyset.s.k",
            "never.set",
        ];
        let users = setup.backend(response);
        let site = setup
            .listener(Listener::new(configuration(users.cluster(), &EXTRAS)).log_state(&EXTRAS).log_state(&DEFAULT));
        move || async move {
            assert_eq!(site.get("/v1?a=x%20y").await.status, 200);
            let logged = site.logged().await;
            let expected = [
                Some(r#"{"id":7}"#),
                Some("v1"),
                Some("OK"),
                Some("GET"),
                Some("/v1"),
                Some("x y"),
                Some("org"),
                Some("constant"),
                None,
            ];
            assert_eq!(EXTRAS.map(|variable| logged.state(variable)), expected);
            assert_eq!(logged.state("userResp.status.code"), Some("200"));
        }
    });

    lab.case("extras_by_prefix", |setup| {
        const FAULT: [&str; 4] = ["fault.name", "fault.reason", "fault.category", "fault.type"];
        let users = setup.backend(|_: &Received| MockResponse::status(404));
        let site = setup.listener(
            Listener::new(configuration(users.cluster(), &["fault.*"]))
                .log_state(&FAULT)
                .log_state(&["error.content", "is.error"]),
        );
        move || async move {
            assert_eq!(site.get("/").await.status, 500);
            let logged = site.logged().await;
            let text = crate::fault::execution_failed("SC-User", "ResponseCode 404 is treated as error");
            assert_eq!(
                FAULT.map(|variable| logged.state(variable)),
                [Some("ExecutionFailed"), Some(text.as_str()), Some("Step"), Some("ExecutionFailed")]
            );
            assert_eq!((logged.state("error.content"), logged.state("is.error")), (None, None));
        }
    });

    lab.case("parts_of_messages_by_prefix", |setup| {
        const PARTS: [&str; 4] =
            ["userResp.header.x-user", "userResp.reason.phrase", "response.header.x-up", "response.content"];
        let users = setup.backend(|_: &Received| MockResponse::status(200).header("x-user", "ada"));
        let upstream = setup.backend(|_: &Received| MockResponse::text(200, "body").header("x-up", "u"));
        let configuration = configuration(users.cluster(), &["userResp.*", "response.header.*"]);
        let site = setup.listener(Listener::new(configuration).upstream(&upstream).log_state(&PARTS));
        move || async move {
            assert_eq!(site.get("/").await.text(), "body");
            let logged = site.logged().await;
            let expected = [Some("ada"), Some("OK"), Some("u"), None];
            assert_eq!(PARTS.map(|variable| logged.state(variable)), expected);
        }
    });

    lab.case("private_values_in_urls_are_masked", |setup| {
        const URLS: [&str; 2] = ["servicecallout.SC-User.target.url", "servicecallout.requesturi"];
        let users = setup.backend(response);
        let policy = ServiceCallout::new("SC-User", "http://users.test/api?key={private.key}&q={request.queryparam.q}")
            .response("userResp");
        let reported = set("AM-1", &header("X-Url", "{servicecallout.SC-User.target.url}"));
        let site = setup.listener(
            Listener::new(json!({
                "policies": [policy.xml(), reported],
                "clusters": {"*": users.cluster()},
                "properties": {"private.key": "k3y &1"},
                "filter_state": URLS,
            }))
            .log_state(&URLS),
        );
        move || async move {
            assert_eq!(site.get("/?q=a").await.status, 200);
            assert_eq!(users.only_request().path_and_query, "/api?key=k3y%20&1&q=a");
            let logged = site.logged().await;
            let masked = [Some("http://users.test/api?key=*****&q=a"), Some("/api?key=*****&q=a")];
            assert_eq!(URLS.map(|variable| logged.state(variable)), masked);
            let url = "http://users.test/api?key=k3y &1&q=a";
            assert_eq!(site.upstream().only_request().header("x-url"), Some(url));
        }
    });

    // An attribute of Envoy's would hide it from every reader.
    lab.case("attribute_names_are_never_published_bare", |setup| {
        const NAMES: [&str; 4] = ["request", "response", "node", "metadata"];
        let users = setup.backend(response);
        let mut configuration = configuration(users.cluster(), &NAMES);
        configuration["properties"] = json!({"node": "n", "metadata": "m"});
        let site = setup.listener(Listener::new(configuration).log_state(&NAMES));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let logged = site.logged().await;
            assert_eq!(NAMES.map(|variable| logged.state(variable)), [None; 4]);
        }
    });
}

fn readers(lab: &mut Lab) {
    lab.case("read_by_lua", |setup| {
        let users = setup.backend(response);
        let reader = filter::lua(
            r#"function envoy_on_request(h)
                 local state = h:streamInfo():filterState()
                 h:headers():add("x-user", state:get("wasm.userResp.content"))
                 h:headers():add("x-failed", state:get("wasm.servicecallout.SC-User.failed"))
               end"#,
        );
        let site = setup.listener(Listener::new(configuration(users.cluster(), &[])).after(reader));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let passed = site.upstream().only_request();
            assert_eq!(passed.header_all("x-user"), [r#"{"id":7}"#]);
            assert_eq!(passed.header_all("x-failed"), ["false"]);
        }
    });

    lab.case("matched_by_rbac", |setup| {
        let users =
            setup.backend(|request: &Received| MockResponse::text(200, request.header("x-role").unwrap().to_owned()));
        let policy = ServiceCallout::new("SC-Role", "http://users.test/")
            .response("role")
            .set(r#"<Headers><Header name="X-Role">{request.header.x-role}</Header></Headers>"#);
        let rbac = json!({
            "name": "envoy.filters.http.rbac",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
                "rules": {"action": "ALLOW", "policies": {"admins": {
                    "permissions": [{"any": true}],
                    "principals": [{"filter_state": {"key": "wasm.role.content", "string_match": {"exact": "admin"}}}],
                }}},
            },
        });
        let site = setup.listener(Listener::new(policy.served_by(users.cluster())).after(rbac));
        move || async move {
            assert_eq!(site.send(Request::get("/").header("x-role", "admin")).await.status, 200);
            assert_eq!(site.send(Request::get("/").header("x-role", "guest")).await.status, 403);
        }
    });
}

fn foreign(lab: &mut Lab) {
    // An earlier filter of the same module, in the same VM and in another one.
    for (name, vm) in [("set_by_another_vm", "other"), ("set_by_the_same_vm", "callout")] {
        lab.case(name, move |setup| {
            let users = setup.backend(|_: &Received| MockResponse::text(200, "acme"));
            let backend = setup.echo();
            let first = ServiceCallout::new("SC-Tenant", "http://users.test/").response("tenantResp");
            let before = ours(
                &format!("filter-state-{name}"),
                vm,
                false,
                &filter::string_value(&first.served_by(users.cluster()).to_string()),
            );
            let template =
                "{tenantResp.content} {tenantResp.status.code} {servicecallout.SC-Tenant.failed} {other:none}";
            let second = ServiceCallout::new("SC-Use", "http://a.test/")
                .response("r")
                .set(&format!("<Verb>POST</Verb><Payload>{template}</Payload>"));
            let site = setup.listener(
                Listener::new(second.served_by(backend.cluster())).before(before).log_state(&["tenantResp.content"]),
            );
            move || async move {
                assert_eq!(site.get("/").await.status, 200);
                assert_eq!(backend.only_request().text(), "acme 200 false none");
                assert_eq!(site.filter_state("tenantResp.content").await.as_deref(), Some("acme"));
            }
        });
    }

    // A value that this filter sets has precedence.
    lab.case("own_variables_before_foreign_ones", |setup| {
        let (theirs, own) = (
            setup.backend(|_: &Received| MockResponse::text(200, "theirs")),
            setup.backend(|_: &Received| MockResponse::text(200, "ours")),
        );
        let probe = setup.echo();
        let call = ServiceCallout::new("SC-1", "http://a.test/").response("shared");
        let text = filter::string_value(&call.served_by(theirs.cluster()).to_string());
        let before = ours("filter-state-theirs", "other", false, &text);
        let send = ServiceCallout::new("SC-2", "http://probe.test/{shared.content}").response("r");
        let site = setup.listener(
            Listener::new(json!({
                "policies": [call.xml(), send.xml()],
                "request": ["SC-2", "SC-1", "SC-2"],
                "clusters": {"http://a.test": own.cluster(), "http://probe.test": probe.cluster()},
            }))
            .before(before)
            .log_state(&["shared.content"]),
        );
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let paths: Vec<String> = probe.requests().into_iter().map(|call| call.path_and_query).collect();
            assert_eq!(paths, ["/theirs", "/ours"]);
            assert_eq!(site.filter_state("shared.content").await.as_deref(), Some("ours"));
        }
    });

    lab.case("set_by_set_filter_state", |setup| {
        let backend = setup.echo();
        let before = filter::set_filter_state("wasm.tenant.id", "%REQ(x-tenant)%");
        let policy = ServiceCallout::new("SC-1", "http://a.test/{tenant.id}").response("r");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())).before(before));
        move || async move {
            assert_eq!(site.send(Request::get("/").header("x-tenant", "acme")).await.status, 200);
            assert_eq!(backend.only_request().path_and_query, "/acme");
        }
    });
}
