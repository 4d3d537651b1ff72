//! The examples start, and every command of their `try.sh` prints the documented output.

use crate::fault::{execution_failed, json, xml};
use crate::lab::{ClientResponse, Example, Lab, Message, RunningExample};

/// Runs every command; `expected` contains the output of each, in order.
async fn tried(example: &Example, expected: &[fn(&ClientResponse)]) {
    let texts: Vec<&str> = example.commands().iter().map(|command| command.text.as_str()).collect();
    assert_eq!(texts.len(), expected.len(), "{texts:#?}");
    for (command, check) in example.commands().iter().zip(expected) {
        check(&example.run(command).await);
    }
}

fn assert_json(reply: &ClientResponse, status: u16, body: &str) {
    assert_eq!((reply.status, reply.text()), (status, body));
    assert_eq!(reply.header_all("content-type"), ["application/json"]);
}

/// The check of a response, and the line that the tool logs for the request.
type Logged = (fn(&ClientResponse), &'static str);

/// The same for an example that the tool runs, with what it logs for each command.
async fn tried_with_tool(name: &str, expected: &[Logged]) {
    let example = RunningExample::start(name);
    let texts: Vec<&str> = example.commands().iter().map(|command| command.text.as_str()).collect();
    assert_eq!(texts.len(), expected.len(), "{texts:#?}");
    for (command, (check, logged)) in example.commands().iter().zip(expected) {
        check(&example.run(command).await);
        example.wait_for(logged);
    }
}

fn saw_stock(reply: &ClientResponse, text: &str) {
    assert_eq!((reply.status, reply.text()), (200, "Hello from the upstream.\n"));
    assert_eq!(reply.header_all("upstream-saw"), [text]);
}

pub fn cases(lab: &mut Lab) {
    bundles(lab);
    const POLICY: &str = "ServiceCallout-GeocodingRequest1";
    lab.case("geocoding", |_| {
        || async {
            let example = Example::start("geocoding").await;
            let expected: [fn(&ClientResponse); 4] = [
                |near| {
                    assert_eq!((near.status, near.text()), (200, "Hello from the upstream.\n"));
                    let location = r#"{"status":"OK","location":{"lat":37.42,"lng":-122.08}}"#;
                    assert_eq!(near.header_all("x-geocoding"), [location]);
                },
                |unknown| {
                    let text = execution_failed(POLICY, "ResponseCode 404 is treated as error");
                    assert_json(unknown, 500, &json("steps.servicecallout.ExecutionFailed", &text));
                },
                |as_xml| {
                    let text = "Unresolved variable : request.queryparam.postalcode";
                    assert_eq!(
                        (as_xml.status, as_xml.text()),
                        (500, xml("entities.UnresolvedVariable", text).as_str())
                    );
                    assert_eq!(as_xml.header_all("content-type"), ["application/xml"]);
                },
                |stats| {
                    let lines: Vec<&str> = stats.text().lines().collect();
                    assert_eq!(lines, ["wasmcustom.callout.requests.policy.SC-Log: 3"]);
                },
            ];
            tried(&example, &expected).await;
            example.wait_for_mocks("POST logs.example.com/log, responded 503", 3).await;
            example.stop();
        }
    });

    lab.case("orders", |_| {
        || async {
            let example = Example::start("orders").await;
            let expected: [fn(&ClientResponse); 5] = [
                |order| {
                    assert_eq!((order.status, order.text()), (200, "Hello from the upstream.\n"));
                    assert_eq!(order.header_all("upstream-saw"), ["Ann 120.5"]);
                    assert!(order.header("x-trace").is_some_and(|trace| !trace.is_empty()));
                },
                |not_yours| {
                    assert_json(not_yours, 403, r#"{"error":"order 8 is not yours"}"#);
                    assert!(not_yours.header("x-trace").is_some());
                },
                |no_such| {
                    assert_json(no_such, 404, r#"{"error":"there is no order 9"}"#);
                    assert!(no_such.header("x-trace").is_some());
                },
                |health| assert_json(health, 200, r#"{"status":"up"}"#),
                |outside| {
                    assert_eq!((outside.status, outside.text()), (404, "No proxy is here.\n"));
                    assert_eq!(outside.header("x-trace"), None);
                },
            ];
            tried(&example, &expected).await;
            // An audit entry for each request of this proxy, including faults, except the last one.
            example.wait_for_mocks("POST audit.example.com/entries, responded 202", 4).await;
            example.stop();
        }
    });

    lab.case("caching", |_| {
        || async {
            let example = Example::start("caching").await;
            let expected: [fn(&ClientResponse); 5] = [
                |first| saw_stock(first, "12 pieces; cached: token false, stock false"),
                |same| saw_stock(same, "12 pieces; cached: token true, stock true"),
                |other| saw_stock(other, "0 pieces; cached: token true, stock false"),
                |new_token| saw_stock(new_token, "12 pieces; cached: token false, stock true"),
                |stats| {
                    let name = |what: &str| format!("wasmcustom.callout.cache.{what}");
                    let mut lines: Vec<&str> = stats.text().lines().collect();
                    lines.retain(|line| !line.ends_with(": 0"));
                    let expected = [
                        "hit.policy.LC-Stock: 2",
                        "hit.policy.LC-Token: 2",
                        "miss.policy.LC-Stock: 2",
                        "miss.policy.LC-Token: 2",
                    ];
                    assert_eq!(lines, expected.map(name));
                },
            ];
            tried(&example, &expected).await;
            for (call, count) in [
                ("POST login.example.com/token, responded 200", 2),
                ("GET warehouse.example.com/stock/A-1, responded 200", 1),
                ("GET warehouse.example.com/stock/B-2, responded 200", 1),
            ] {
                example.wait_for_mocks(call, count).await;
            }
            example.stop();
        }
    });

    lab.case("integration", |_| {
        || async {
            let example = Example::start("integration").await;
            let expected: [fn(&ClientResponse); 6] = [
                |order| {
                    assert_eq!((order.status, order.text()), (200, "Hello from the upstream.\n"));
                    assert_eq!(order.header_all("upstream-saw"), ["0.7"]);
                },
                |refund| assert_json(refund, 200, r#"{"refund":"refund of 9007199254740993"}"#),
                |report| assert_json(report, 202, r#"{"execution":"e-3"}"#),
                |nobody| {
                    let text =
                        "Execution of IntegrationCallout IC-Risk failed. Reason: ResponseCode 404 is treated as error";
                    assert_json(nobody, 500, &json("steps.integrationcallout.ExecutionFailed", text));
                },
                |amount| {
                    let text = "Execution of SetIntegrationRequest SIR-Risk failed. Reason: parameter \\\"amount\\\" must be an integer, got \\\"some\\\"";
                    assert_json(amount, 500, &json("steps.setintegrationrequest.ExecutionFailed", text));
                },
                |stats| assert_eq!(stats.text(), "cluster.metadata.upstream_rq_200: 1\n"),
            ];
            tried(&example, &expected).await;
            let path = "POST us-west1-integrations.googleapis.com/v1/projects/acme/locations/us-west1/integrations";
            for (call, count) in [
                ("risk:execute, responded 200", 1),
                ("risk:execute, responded 404", 1),
                ("refunds:execute, responded 200", 1),
                ("report:schedule, responded 200", 1),
            ] {
                example.wait_for_mocks(&format!("{path}/{call}"), count).await;
            }
            example.stop();
        }
    });
}

/// Nothing of these examples needs a network: mocks respond in place of all services.
fn bundles(lab: &mut Lab) {
    lab.case("weather", |_| {
        || async {
            let expected: [Logged; 3] = [
                (
                    |known| {
                        assert_eq!((known.status, known.text()), (200, "Sunny in the afternoon."));
                        assert_eq!(known.header_all("upstream-saw"), ["San Jose"]);
                    },
                    "GET /weather/forecast?code=7 -> 200",
                ),
                (
                    |unknown| assert_json(unknown, 404, r#"{"error":"no such place"}"#),
                    "GET /weather/forecast?code=00000 -> 404",
                ),
                (
                    |without| assert_eq!((without.status, without.text()), (200, "Sunny in the afternoon.")),
                    "GET /weather/forecast -> 200",
                ),
            ];
            tried_with_tool("weather", &expected).await;
        }
    });

    lab.case("shop", |_| {
        || async {
            let expected: [Logged; 4] = [
                (
                    |item| {
                        assert_eq!((item.status, item.text()), (200, "a lamp"));
                        assert_eq!(item.header_all("upstream-saw"), ["3 left in north, prices"]);
                    },
                    "GET /shop/items/7 -> 200",
                ),
                (
                    |unknown| assert_json(unknown, 503, r#"{"error":"the stock is not known, try again"}"#),
                    "GET /shop/items/8 -> 503",
                ),
                (|order| assert_json(order, 201, r#"{"order":"o-1"}"#), "POST /shop/orders -> 201"),
                (
                    |partner| {
                        assert_eq!((partner.status, partner.text()), (200, "a lamp"));
                        assert_eq!(partner.header_all("upstream-saw"), ["in , prices {\"7\":\"12.50\"}"]);
                    },
                    "GET /shop/partners/p1/items/7 -> 200",
                ),
            ];
            tried_with_tool("shop", &expected).await;
        }
    });
}
