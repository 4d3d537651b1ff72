//! Policies of types that the filter does not run.

use serde_json::{Value, json};

use crate::configuration::{accepted_with, rejected};
use crate::lab::{Lab, Listener, Message};
use crate::policy::{header, set};

const QUOTA: &str = "<Quota name='Q-1'><Allow count='5'/></Quota>";
const DISABLED: &str = "<Quota name='Q-2' enabled='false'/>";

fn configuration(mode: &str) -> Value {
    json!({
        "policies": [QUOTA, DISABLED, set("AM-1", &header("x-note", "1"))],
        "request": ["Q-1", "Q-2", {"step": "AM-1", "condition": "ratelimit.Q-1.failed is null"}],
        "response": [{"step": "Q-1", "condition": "request.verb = \"PUT\""}, "AM-1"],
        "unsupported_policies": mode,
    })
}

pub fn cases(lab: &mut Lab) {
    // One that is disabled does not run in any case.
    rejected(
        lab,
        "rejected",
        Listener::new(configuration("reject")),
        &["request[0] (Q-1): unsupported policy type Quota", "response[0] (Q-1): unsupported policy type Quota"],
    );
    accepted_with(
        lab,
        "skipped_with_a_warning",
        Listener::new(configuration("skip")),
        &[
            "request[0] (Q-1): unsupported policy type Quota; the step is skipped",
            "response[0] (Q-1): unsupported policy type Quota; the step is skipped",
            "the condition of the step of AM-1 reads ratelimit.Q-1.failed, which only the skipped policy Q-1 sets: it is \
             null, and some comparisons with null are true",
        ],
    );

    accepted_with(
        lab,
        "skipped_authentication",
        Listener::new(json!({
            "policies": ["<VerifyAPIKey name='VK-1'/>", set("AM-1", &header("x-note", "1"))],
            "request": ["VK-1", {"step": "AM-1", "condition": "verifyapikey.VK-1.failed is null"}],
            "unsupported_policies": "skip",
        })),
        &[
            "request[0] (VK-1): unsupported policy type VerifyAPIKey; the step is skipped",
            "authentication is not enforced: the filter skips VerifyAPIKey (VK-1)",
            "the condition of the step of AM-1 reads verifyapikey.VK-1.failed, which only the skipped policy VK-1 sets: it is \
             null, and some comparisons with null are true",
        ],
    );

    lab.case("steps_around_a_skipped_one", |setup| {
        let site = setup.listener(Listener::new(configuration("skip")).log_state(&["fault.name"]));
        move || async move {
            let response = site.get("/").await;
            assert_eq!((response.status, response.header("x-note")), (200, Some("1")));
            assert_eq!(site.upstream().only_request().header("x-note"), Some("1"));
            assert_eq!(site.logged().await.state("fault.name"), None);
        }
    });
}
