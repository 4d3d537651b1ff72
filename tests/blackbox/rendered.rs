//! The output of `render` for the example bundles: Envoy accepts it, and requests reach their targets.

use std::time::Duration;

use crate::lab::{Answer, Lab, Message, Received, Rendered, Request, RunDirectory, rendered};

fn render(arguments: &[String]) -> String {
    rendered::render(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

pub fn cases(lab: &mut Lab) {
    for name in ["weather", "shop"] {
        lab.case(&format!("{name}_is_valid"), |_| {
            move || async move {
                let directory = RunDirectory::create();
                let configuration = render(&rendered::example(name, &directory, str::to_owned));
                assert_eq!(rendered::validate(&configuration, &directory), Ok(()));
            }
        });
    }

    lab.case("a_rendered_proxy_answers", |_| {
        || async {
            let stock = rendered::server(|_: &Received| Answer::text(200, "3 left")).await;
            let catalogue = rendered::server(|_: &Received| Answer::text(200, "a lamp")).await;
            let standby = rendered::server(|_: &Received| Answer::text(200, "never asked")).await;
            let directory = RunDirectory::create();
            let arguments = rendered::example("shop", &directory, |environment| {
                let mut lines = Vec::new();
                for line in environment.lines() {
                    lines.push(match line.split_once(": {host:") {
                        Some((name, _)) => {
                            let ports = [("stock", stock.1), ("catalogue-standby", standby.1)];
                            let own = ports.iter().find(|(prefix, _)| name.trim().starts_with(prefix));
                            let port = own.map_or(catalogue.1, |(_, port)| *port);
                            // One server of each kind is enough.
                            let is_enabled = !name.ends_with("-2");
                            format!("{name}: {{host: 127.0.0.1, port: {port}, enabled: {is_enabled}}}")
                        }
                        None => line.to_owned(),
                    });
                }
                lines.join("\n") + "\n"
            });
            let envoy = Rendered::start(&render(&arguments)).await;

            // The standby responds, or no server does, until the health check of the catalogue's server succeeds.
            let ask = || envoy.send(Request::get("/shop/items/7?colour=red").header("x-callout-target", "orders"));
            let mut item = ask().await;
            for _ in 0..100 {
                if item.text() == "a lamp" {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
                item = ask().await;
            }
            assert_eq!((item.status, item.text()), (200, "a lamp"));
            let asked = stock.0.requests();
            assert_eq!(asked[0].path_and_query, "/stock/7");
            let is_check = |received: &Received| received.path_and_query == "/healthy";
            let got = catalogue.0.requests().into_iter().find(|received| !is_check(received)).unwrap();
            assert_eq!(got.path_and_query, "/catalogue/items/7?colour=red");
            assert_eq!(got.authority, format!("127.0.0.1:{}", catalogue.1));
            assert_eq!(got.header("x-stock"), Some("3 left"));
            assert_eq!(got.header("x-warehouse"), Some("north"));
            assert_eq!(got.header("x-callout-target"), None);
            assert!(got.header("x-trace").is_some());
            assert!(catalogue.0.requests().iter().any(is_check));

            // Only the endpoint with the longer base path responds.
            let partner = envoy.send(Request::get("/shop/partners/p1/items/7").header("x-partner", "127.0.0.1/")).await;
            assert_eq!(partner.status, 500);
            assert!(partner.text().contains("Execution of ServiceCallout SC-Price failed"), "{}", partner.text());
            assert_eq!(stock.0.requests().len(), asked.len());

            let nowhere = envoy.send(Request::get("/other")).await;
            assert_eq!(nowhere.status, 404);
            assert!(nowhere.text().contains("messaging.adaptors.http.flow.ApplicationNotFound"), "{}", nowhere.text());
            envoy.stop();
        }
    });
}
