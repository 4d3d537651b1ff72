//! Many requests on one connection, on one worker of Envoy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::client::conn::http2::SendRequest;
use tokio::task::{JoinHandle, JoinSet};

use super::body::SentBody;
use super::client::{open_http2, read};
use super::site::Exchange;
use super::{ClientResponse, Request, Site};

/// An HTTP/2 connection. Dropping it closes the connection.
pub struct Session {
    sender: SendRequest<SentBody>,
    sent: Arc<AtomicUsize>,
    _connection: JoinSet<hyper::Result<()>>,
}

impl Session {
    pub(super) async fn open(site: &Site) -> Session {
        let (sender, connection) = open_http2(site.address()).await.unwrap();
        Session { sender, sent: Arc::clone(&site.sent), _connection: connection }
    }

    pub async fn get(&self, path_and_query: &str) -> ClientResponse {
        self.start(Request::get(path_and_query)).reply().await
    }

    pub async fn send(&self, request: Request) -> ClientResponse {
        self.start(request).reply().await
    }

    /// Sends a request in the background.
    pub fn start(&self, request: Request) -> Exchange {
        self.sent.fetch_add(1, Ordering::SeqCst);
        let mut sender = self.sender.clone();
        let task: JoinHandle<Result<ClientResponse, String>> =
            tokio::spawn(async move { read(sender.send_request(request.h2().into_hyper()).await).await });
        Exchange::new(task)
    }
}
