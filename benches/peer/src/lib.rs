//! The callout of the benchmark, written by hand with the proxy-wasm SDK, in the smallest filter that makes it. It does
//! what the Lua variant does: it checks the status, and sets and publishes the body.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, reason = "the macro of the SDK exports a function")]

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root));
}}

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream))
    }
}

struct Stream;

impl Context for Stream {
    fn on_http_call_response(&mut self, _: u32, _: usize, body_size: usize, _: usize) {
        let is_ok = self.get_http_call_response_header(":status").is_some_and(|status| status == "200");
        let body = self.get_http_call_response_body(0, body_size).filter(|_| is_ok);
        match body.and_then(|body| String::from_utf8(body).ok()) {
            Some(body) => {
                self.set_property(vec!["calloutResponse.content"], Some(body.as_bytes()));
                self.set_http_request_header("x-geo", Some(&body));
                self.resume_http_request();
            }
            None => self.send_http_response(500, Vec::new(), Some(b"callout failed")),
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let user = self.get_http_request_header("x-user").unwrap_or_default();
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
