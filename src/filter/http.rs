//! The SDK's context of one client request.

use crate::filter::active::{self, ActiveContext};
use crate::filter::plugin::Plugin;
use crate::filter::stream::Stream;
use crate::filter::{background, call, streams};
use crate::stream::{CallbackResult, Event};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use std::cell::RefCell;
use std::rc::Rc;

/// Passes Envoy's events to a stream.
pub(super) struct CalloutStream {
    id: u32,
    stream: Rc<RefCell<Stream>>,
}

impl CalloutStream {
    pub(super) fn new(id: u32, plugin: Rc<Plugin>) -> CalloutStream {
        let stream = Rc::new(RefCell::new(Stream::new(id, plugin)));
        streams::insert(id, &stream);
        CalloutStream { id, stream }
    }

    fn on_event(&self, event: Event) -> Action {
        let Ok(mut stream) = self.stream.try_borrow_mut() else { return Action::Continue };
        if stream.is_finished() {
            return Action::Continue;
        }
        active::set(ActiveContext::Stream(self.id));
        let callback_result = stream.on_event(event);
        drop(stream);
        background::run_ready();
        match callback_result {
            CallbackResult::Continue => Action::Continue,
            CallbackResult::Pause => Action::Pause,
        }
    }
}

impl Drop for CalloutStream {
    fn drop(&mut self) {
        streams::remove(self.id);
    }
}

impl Context for CalloutStream {
    fn on_http_call_response(&mut self, token: u32, header_count: usize, body_size: usize, _trailer_count: usize) {
        active::set(ActiveContext::Stream(self.id));
        call::deliver(token, header_count, body_size);
        background::run_ready();
    }

    fn on_done(&mut self) -> bool {
        self.on_event(Event::Ended);
        true
    }
}

impl HttpContext for CalloutStream {
    fn on_http_request_headers(&mut self, _count: usize, end: bool) -> Action {
        self.on_event(Event::RequestHeaders { end })
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        self.on_event(Event::RequestBody { size, end })
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        self.on_event(Event::RequestTrailers)
    }

    fn on_http_response_headers(&mut self, _count: usize, end: bool) -> Action {
        self.on_event(Event::ResponseHeaders { end })
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        self.on_event(Event::ResponseBody { size, end })
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        self.on_event(Event::ResponseTrailers)
    }
}
