//! KeyValueMapOperations: maps of the configuration, and changes in the memory of a worker.

use serde_json::json;

use crate::lab::{Lab, Listener, Message, MockResponse, Received};
use crate::policy::ServiceCallout;

fn policy(name: &str, content: &str) -> String {
    format!("<KeyValueMapOperations name='{name}' mapIdentifier='backends'>{content}</KeyValueMapOperations>")
}

fn get(assign_to: &str, key: &str) -> String {
    format!("<Get assignTo='{assign_to}' index='1'><Key><Parameter>{key}</Parameter></Key></Get>")
}

pub fn cases(lab: &mut Lab) {
    lab.case("a_callout_uses_values_of_an_encrypted_map", |setup| {
        let users = setup.backend(|_: &Received| MockResponse::text(200, "ok"));
        let map = policy("KV-Backend", &(get("private.host", "host") + &get("private.secret", "secret")));
        let callout = ServiceCallout::new("SC-User", "http://{private.host}/user")
            .response("user")
            .set("<Headers><Header name='x-secret'>{private.secret}</Header></Headers>");
        let site = setup.listener(
            Listener::new(json!({
                "policies": [map, callout.xml()],
                "clusters": {"http://users.test": users.cluster()},
                "key_value_maps": {
                    "backends": {"encrypted": true, "entries": {"host": ["users.test", "other.test"], "secret": "s3cret"}},
                },
            }))
            .log_state(&["keyvaluemapoperations.KV-Backend.failed", "user.content", "private.secret"]),
        );
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let call = users.only_request();
            assert_eq!((call.authority.as_str(), call.header("x-secret")), ("users.test", Some("s3cret")));
            let logged = site.logged().await;
            assert_eq!(logged.state("keyvaluemapoperations.KV-Backend.failed"), Some("false"));
            assert_eq!((logged.state("user.content"), logged.state("private.secret")), (Some("ok"), None));
        }
    });

    lab.case("a_value_of_an_encrypted_map_needs_a_private_variable", |setup| {
        let site = setup.listener(Listener::new(json!({
            "policies": [policy("KV-Backend", &get("secret", "secret"))],
            "key_value_maps": {"backends": {"encrypted": true, "entries": {"secret": "s3cret"}}},
        })));
        move || async move {
            let response = site.get("/").await;
            let fault = r#"{"fault":{"faultstring":"Failed to set variable secret in KeyValueMapStepDefinition KV-Backend","detail":{"errorcode":"steps.keyvaluemapoperations.SetVariableFailed"}}}"#;
            assert_eq!((response.status, response.text()), (500, fault));
            let warning = "every Get fails: the map is encrypted, and secret has no prefix private.";
            assert!(site.module_log().iter().any(|(_, text)| text.contains(warning)), "{:?}", site.module_log());
        }
    });

    lab.case("a_worker_sees_its_own_changes", |setup| {
        let put = "<Put><Key><Parameter>k</Parameter></Key><Value ref='request.queryparam.v'/></Put>";
        let site = setup.listener(
            Listener::new(json!({
                "policies": [policy("KV-Put", put), policy("KV-Get", &get("v", "k"))],
                "request": [{"step": "KV-Put", "condition": "request.queryparam.v != null"}, "KV-Get"],
                "key_value_maps": {"backends": {"entries": {"k": "configured"}}},
            }))
            .publish(&["v"])
            .log_state(&["v"]),
        );
        move || async move {
            // One connection stays on one worker.
            let session = site.session().await;
            for (path, expected) in [("/", "configured"), ("/?v=new", "new"), ("/", "new")] {
                assert_eq!(session.get(path).await.status, 200);
                assert_eq!(site.filter_state("v").await.as_deref(), Some(expected), "{path}");
            }
            let warning = "only the same worker sees the change of the map, until the configuration is loaded again";
            assert!(site.module_log().iter().any(|(_, text)| text.contains(warning)), "{:?}", site.module_log());
        }
    });
}
