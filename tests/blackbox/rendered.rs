//! The output of `render` for the example bundles: Envoy accepts it, and requests reach their targets.

use std::fs;
use std::time::Duration;

use crate::lab::{Lab, Message, MockResponse, Received, Rendered, Request, RunDirectory, rendered};

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

    lab.case("a_rendered_proxy_responds", |_| {
        || async {
            let stock = rendered::server(|_: &Received| MockResponse::text(200, "3 left")).await;
            let catalogue = rendered::server(|_: &Received| MockResponse::text(200, "a lamp")).await;
            let standby = rendered::server(|_: &Received| MockResponse::text(200, "never asked")).await;
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

    // The filter expands the URLs of targets, and Envoy's routes use what it writes.
    lab.case("targets_with_variables_and_another_proxy", |_| {
        || async {
            let (backend, port) = rendered::server(|_: &Received| MockResponse::text(200, "here")).await;
            let directory = RunDirectory::create();
            let file = |path: &str, text: &str| {
                let path = directory.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, text).unwrap();
                path.display().to_string()
            };
            let rule = |name: &str| {
                format!(
                    "<RouteRule name='{name}'><Condition>request.header.to = \"{name}\"</Condition>\
                     <TargetEndpoint>{name}</TargetEndpoint></RouteRule>"
                )
            };
            let rules: String = ["whole", "path", "fixed", "other"].map(rule).concat();
            file(
                "p/apiproxy/proxies/default.xml",
                &format!(
                    "<ProxyEndpoint name='default'><HTTPProxyConnection><BasePath>/v1</BasePath></HTTPProxyConnection>{rules}\
                     </ProxyEndpoint>"
                ),
            );
            let target = |name: &str, content: &str| {
                let text = format!("<TargetEndpoint name='{name}'>{content}</TargetEndpoint>");
                file(&format!("p/apiproxy/targets/{name}.xml"), &text);
            };
            let url = |url: &str| format!("<HTTPTargetConnection><URL>{url}</URL></HTTPTargetConnection>");
            target("whole", &url("{request.header.u}"));
            target("path", &url(&format!("http://127.0.0.1:{port}/{{request.header.p}}?k=1")));
            target("fixed", &url("http://{propertyset.backend.host}/fixed"));
            target("other", "<LocalTargetConnection><APIProxy>o</APIProxy></LocalTargetConnection>");
            let environment = file(
                "environment.yaml",
                &format!(
                    "property_sets: {{backend: {{host: \"127.0.0.1:{port}\"}}}}\nallowed_hosts: [127.0.0.1]\n\
                     local_proxies: [{{api_proxy: o, base_path: /o/v2, host: 127.0.0.1, port: {port}}}]\n"
                ),
            );
            let bundle = directory.path().join("p").display().to_string();
            let envoy = Rendered::start(&render(&[bundle, "--environment".to_owned(), environment])).await;
            let host = format!("127.0.0.1:{port}");
            let send = |to: &'static str, path: &'static str| {
                let request = Request::get(path).header("to", to).header("u", format!("http://{host}/w/")).header("p", "a/b");
                envoy.send(request.header("x-callout-cluster", "evil").header("x-callout-target", "path"))
            };
            for (to, sent, expected, is_clients_host) in [
                ("whole", "/v1/x?q=2", "/w/x?q=2", false),
                ("whole", "/v1", "/w", false),
                ("path", "/v1/x?q=2", "/a/b/x?k=1&q=2", false),
                ("fixed", "/v1/x?q=2", "/fixed/x?q=2", false),
                ("other", "/v1/x?q=2", "/o/v2/x?q=2", true),
            ] {
                let response = send(to, sent).await;
                assert_eq!((response.status, response.text()), (200, "here"), "{to} {sent}");
                let got = backend.requests().pop().unwrap();
                assert_eq!((got.path_and_query.as_str(), got.authority == host), (expected, !is_clients_host), "{to} {sent}");
                assert_eq!((got.header("x-callout-cluster"), got.header("x-callout-target")), (None, None));
            }
            let count = backend.requests().len();
            // A host that is not allowed, and no URL.
            for (u, status, code) in [
                (Some("http://localhost/"), 503, "messaging.adaptors.http.flow.ServiceUnavailable"),
                (None, 500, "entities.UnresolvedVariable"),
            ] {
                let request = Request::get("/v1").header("to", "whole");
                let request = match u {
                    Some(u) => request.header("u", u),
                    None => request,
                };
                let response = envoy.send(request).await;
                assert!(response.status == status && response.text().contains(code), "{} {}", response.status, response.text());
            }
            assert_eq!(backend.requests().len(), count);
            // The headers of the filter have no effect outside the base path.
            let outside = Request::get("/v2/callout-url").header("x-callout-target", "whole").header("x-callout-cluster", "any_host_http");
            assert_eq!(envoy.send(outside).await.status, 404);
            envoy.stop();
        }
    });
}
