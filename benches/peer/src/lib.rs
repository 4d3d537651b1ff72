//! The callout of the benchmark, written by hand with the proxy-wasm SDK, in the smallest filter that makes it. It does
//! what the Lua variant does: it checks the status, and sets and publishes the body. With the configuration `cached`, it
//! shares the body with all workers and takes it from there in the next request.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, reason = "the macro of the SDK exports a function")]

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root::default()));
}}

#[derive(Default)]
struct Root {
    is_cached: bool,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        self.is_cached = self.get_plugin_configuration().is_some_and(|configuration| configuration == b"cached");
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { is_cached: self.is_cached, key: String::new() }))
    }
}

struct Stream {
    is_cached: bool,
    /// The key of the shared body.
    key: String,
}

impl Stream {
    /// Sets and publishes the body of a response.
    fn use_body(&self, body: &str) {
        self.set_property(vec!["calloutResponse.content"], Some(body.as_bytes()));
        self.set_http_request_header("x-geo", Some(body));
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _: u32, _: usize, body_size: usize, _: usize) {
        let is_ok = self.get_http_call_response_header(":status").is_some_and(|status| status == "200");
        let body = self.get_http_call_response_body(0, body_size).filter(|_| is_ok);
        match body.and_then(|body| String::from_utf8(body).ok()) {
            Some(body) => {
                self.use_body(&body);
                if self.is_cached {
                    let _ = self.set_shared_data(&self.key, Some(body.as_bytes()), None);
                }
                self.resume_http_request();
            }
            None => self.send_http_response(500, Vec::new(), Some(b"callout failed")),
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let user = self.get_http_request_header("x-user").unwrap_or_default();
        if self.is_cached {
            self.key = format!("peer/{user}");
            let body = self.get_shared_data(&self.key).0;
            if let Some(body) = body.and_then(|body| String::from_utf8(body).ok()) {
                self.use_body(&body);
                return Action::Continue;
            }
        }
        let headers = vec![
            (":method", "GET"),
            (":scheme", "http"),
            (":authority", "geo.test"),
            (":path", "/geo"),
            ("x-user", user.as_str()),
        ];
        match self.dispatch_http_call("callout", headers, None, Vec::new(), Duration::from_secs(5)) {
            Ok(_) => Action::Pause,
            Err(_) => Action::Continue,
        }
    }
}
