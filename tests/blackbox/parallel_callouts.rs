//! `parallel_callouts`: the calls of independent callouts start together.

use serde_json::{Value, json};

use crate::fault::assert_execution_failed;
use crate::lab::{Gate, Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{ServiceCallout, assign_message, header};

const NAMES: [&str; 3] = ["SC-P1", "SC-P2", "SC-P3"];

/// A callout to the path `/NAME` that stores its response in the variable `NAME`.
fn callout(name: &str) -> ServiceCallout {
    ServiceCallout::new(name, &format!("http://a.test/{name}")).variable(&format!("{name}.request")).response(name)
}

fn configuration(callouts: &[ServiceCallout], cluster: &str) -> Value {
    let contents: String = NAMES.map(|name| format!("{{{name}.content}};")).concat();
    let ignore = "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>";
    let result = assign_message("AM-Result", &format!("<Set>{}</Set>{ignore}", header("x-result", &contents)));
    let policies = callouts.iter().map(ServiceCallout::xml).chain([result]);
    json!({
        "policies": policies.collect::<Vec<_>>(),
        "clusters": {"http://a.test": cluster},
        "parallel_callouts": true,
    })
}

pub fn cases(lab: &mut Lab) {
    lab.case("the_calls_are_under_way_at_the_same_time", |setup| {
        let gate = Gate::closed();
        let held = gate.clone();
        // No response arrives before all three calls have.
        let backend = setup
            .backend(move |request: &Received| MockResponse::text(200, request.path_and_query.clone()).held_by(&held));
        let upstream = setup.echo();
        let site = setup.listener(
            Listener::new(configuration(&NAMES.map(callout), backend.cluster()))
                .upstream(&upstream)
                .log_state(&["SC-P3.content", "servicecallout.SC-P2.failed"]),
        );
        move || async move {
            let exchange = site.start(Request::get("/"));
            backend.wait_for_heads(3).await;
            gate.open();
            assert_eq!(exchange.reply().await.status, 200);
            assert_eq!(upstream.only_request().header("x-result"), Some("/SC-P1;/SC-P2;/SC-P3;"));
            let logged = site.logged().await;
            assert_eq!(logged.state("SC-P3.content"), Some("/SC-P3"));
            assert_eq!(logged.state("servicecallout.SC-P2.failed"), Some("false"));
            assert_eq!(backend.requests().len(), 3);
        }
    });

    lab.case("the_first_fault_in_the_order_of_steps_wins", |setup| {
        let gate = Gate::closed();
        let held = gate.clone();
        let backend = setup.backend(move |request: &Received| match request.path_and_query.as_str() {
            "/SC-P1" => MockResponse::status(503).held_by(&held),
            _ => MockResponse::status(500),
        });
        let names = ["SC-P1", "SC-P2"].map(callout);
        let site = setup.listener(Listener::new(configuration(&names, backend.cluster())));
        let admin = setup.admin();
        let later = format!("cluster.{}.upstream_rq_500", backend.cluster());
        move || async move {
            let exchange = site.start(Request::get("/"));
            // The later call has failed before the earlier one.
            admin.wait_for_stat(&later, 1).await;
            gate.open();
            let reason = "ResponseCode 503 is treated as error";
            assert_execution_failed(&exchange.reply().await, "SC-P1", reason);
        }
    });

    lab.case("a_failed_callout_that_continues_does_not_stop_the_others", |setup| {
        let backend = setup.backend(|request: &Received| match request.path_and_query.as_str() {
            "/SC-P1" => MockResponse::status(503),
            path => MockResponse::text(200, path.to_owned()),
        });
        let upstream = setup.echo();
        let callouts = [callout("SC-P1").continue_on_error(), callout("SC-P2"), callout("SC-P3")];
        let site = setup.listener(Listener::new(configuration(&callouts, backend.cluster())).upstream(&upstream));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(upstream.only_request().header("x-result"), Some(";/SC-P2;/SC-P3;"));
            assert_eq!(backend.requests().len(), 3);
        }
    });

    lab.case("a_client_that_disconnects_leaves_the_others_alone", |setup| {
        let gate = Gate::closed();
        let held = gate.clone();
        let backend = setup.backend(move |_: &Received| MockResponse::text(200, "late").held_by(&held));
        let site = setup.listener(Listener::new(configuration(&NAMES.map(callout), backend.cluster())));
        let admin = setup.admin();
        let finished = format!("cluster.{}.upstream_rq_200", backend.cluster());
        move || async move {
            let exchange = site.start(Request::get("/"));
            backend.wait_for_heads(3).await;
            exchange.disconnect().await;
            assert_eq!(site.logged().await.flags(), Some("DC"));
            gate.open();
            admin.wait_for_stat(&finished, 3).await;
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(backend.requests().len(), 6);
        }
    });
}
