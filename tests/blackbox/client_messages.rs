//! What the flow makes of the client's request and of the upstream's response, where Envoy could not send it as it is.

use serde_json::json;

use crate::assign_message::assigned;
use crate::fault::assert_fault;
use crate::lab::{Answer, Lab, Listener, Message, Received, Request};
use crate::policy::assign_message;

pub fn cases(lab: &mut Lab) {
    made_anew(lab);
}

/// Nothing of a message is left when it is made anew, whether or not a policy looked at it before.
fn made_anew(lab: &mut Lab) {
    for (name, elements) in [
        ("request_made_anew", "<AssignTo createNew='true' type='request'/>"),
        ("request_made_anew_by_name", "<AssignTo createNew='true' type='request'>request</AssignTo>"),
        ("request_made_anew_as_message", "<AssignTo createNew='true' type='request'>message</AssignTo>"),
    ] {
        assigned(
            lab,
            name,
            elements,
            Request::post("/old?q=1", "application/json", "old").header("x-old", "1").header("cookie", "a=b"),
            |upstream| {
                assert_eq!((upstream.method.as_str(), upstream.path_and_query.as_str()), ("GET", "/old"));
                assert_eq!((upstream.text(), upstream.authority.as_str()), ("", "site.test"));
                assert_eq!(["x-old", "cookie", "content-type"].map(|name| upstream.header(name)), [None; 3]);
            },
        );
    }

    lab.case("request_made_anew_without_body", |setup| {
        let elements = "<AssignTo createNew='true' type='request'/><Set><Payload>x</Payload></Set>";
        let site = setup.listener(crate::assign_message::assigning(elements));
        move || async move {
            for request in [Request::get("/"), Request::get("/").h2()] {
                let answer = site.send(request).await;
                let text = "AssignMessage[AM-1]: unable to set variable request.content";
                assert_fault(&answer, "steps.assignmessage.SetVariableFailed", text);
            }
            assert_eq!(site.send(Request::post("/", "text/plain", "old")).await.text(), "x");
        }
    });

    lab.case("response_made_anew", |setup| {
        let upstream = setup.backend(|_: &Received| Answer::json(404, "{}").header("x-up", "u"));
        let policy = assign_message("AM-1", "<AssignTo createNew='true' type='response'>response</AssignTo>");
        let configuration = json!({"policies": [policy], "response": ["AM-1"]});
        let site = setup.listener(Listener::new(configuration).upstream(&upstream).allow_on_headers_stop_iteration());
        move || async move {
            for request in [Request::get("/"), Request::get("/").h2()] {
                let answer = site.send(request).await;
                assert_eq!((answer.status, answer.text(), answer.is_complete()), (200, "", true));
                assert_eq!((answer.header("x-up"), answer.header("content-type")), (None, None));
                assert_eq!(answer.header_all("content-length"), ["0"]);
            }
        }
    });
}
