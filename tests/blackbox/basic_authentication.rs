//! BasicAuthentication: credentials of the client in variables, and credentials for a callout and the upstream.

use serde_json::json;

use crate::fault::assert_fault;
use crate::lab::{Lab, Listener, Message, Request};
use crate::policy::{ServiceCallout, header, set};

const DECODE: &str = "<BasicAuthentication name=\"BA-Decode\"><Operation>Decode</Operation>\
    <IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables><User ref=\"client.user\"/>\
    <Password ref=\"private.client.password\"/><Source>request.header.Authorization</Source></BasicAuthentication>";

const ENCODE: &str = "<BasicAuthentication name=\"BA-Encode\"><Operation>Encode</Operation>\
    <User ref=\"backend.user\"/><Password ref=\"private.backend.password\"/>\
    <AssignTo createNew=\"true\">request.header.Authorization</AssignTo></BasicAuthentication>";

pub fn cases(lab: &mut Lab) {
    lab.case("decoded_for_a_callout_and_encoded_for_the_upstream", |setup| {
        let api = setup.echo();
        let callout = ServiceCallout::new("SC-User", "http://api.test/users")
            .response("r")
            .set(&header("x-user", "{client.user}/{private.client.password}"));
        let site = setup.listener(
            Listener::new(json!({
                "policies": [DECODE, callout.xml(), ENCODE, set("AM-Show", &header("x-user", "{client.user}"))],
                "clusters": {"*": api.cluster()},
                "properties": {"backend.user": "MyUsername", "private.backend.password": "MyPassword"},
            }))
            .log_state(&["BasicAuthentication.BA-Decode.failed", "BasicAuthentication.BA-Encode.failed"]),
        );
        move || async move {
            let request = Request::get("/").header("authorization", "Basic YWthc2g6MTIz");
            assert_eq!(site.send(request).await.status, 200);
            assert_eq!(api.only_request().header("x-user"), Some("akash/123"));
            let passed = site.upstream().only_request();
            assert_eq!(passed.header_all("authorization"), ["Basic TXlVc2VybmFtZTpNeVBhc3N3b3Jk"]);
            assert_eq!(passed.header("x-user"), Some("akash"));
            let logged = site.logged().await;
            assert_eq!(logged.state("BasicAuthentication.BA-Decode.failed"), Some("false"));
            assert_eq!(logged.state("BasicAuthentication.BA-Encode.failed"), Some("false"));
        }
    });

    lab.case("faults", |setup| {
        let site = setup.listener(
            Listener::new(json!({"policies": [DECODE]})).log_state(&["BasicAuthentication.BA-Decode.failed"]),
        );
        move || async move {
            let prefix = "steps.basicauthentication";
            let text = "Unresolved variable : request.header.Authorization";
            assert_fault(&site.get("/").await, &format!("{prefix}.UnresolvedVariable"), text);
            let text =
                "Source variable : request.header.Authorization for basic authentication decode policy is not valid";
            for value in ["Basic 23435", "YWthc2g6MTIz", "OAuth YWthc2g6MTIz", "Basic YWthc2g="] {
                let reply = site.send(Request::get("/").header("authorization", value)).await;
                assert_fault(&reply, &format!("{prefix}.InvalidBasicAuthenticationSource"), text);
            }
            assert_eq!(site.upstream().requests().len(), 0);
            assert_eq!(site.logged().await.state("BasicAuthentication.BA-Decode.failed"), Some("true"));
        }
    });
}
