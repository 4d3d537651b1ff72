//! A listener of the running Envoy, as its client sees it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::task::JoinHandle;

use super::client::{exchange, exchange_tls};
use super::envoy::Addresses;
use super::{Authority, Backend, ClientResponse, Identity, LogEntry, Request, Session, Wire, access_log, envoy_log};

/// One listener and its upstream.
#[derive(Clone)]
pub struct Site {
    pub(super) name: String,
    pub(super) upstream: Backend,
    pub(super) access_log: PathBuf,
    pub(super) addresses: Arc<OnceLock<Addresses>>,
    pub(super) sent: Arc<AtomicUsize>,
}

impl Site {
    /// The name of the listener, its plugin and its stat prefix.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The upstream of the listener, unless its routes were replaced.
    pub fn upstream(&self) -> &Backend {
        &self.upstream
    }

    pub async fn get(&self, path_and_query: &str) -> ClientResponse {
        self.send(Request::get(path_and_query)).await
    }

    /// Sends a request on a connection of its own.
    pub async fn send(&self, request: Request) -> ClientResponse {
        self.try_send(request).await.unwrap()
    }

    /// Sends a request over TLS, with a certificate of the client's. The server's is of that authority.
    pub async fn send_as(&self, client: &Identity, servers: &Authority, request: Request) -> ClientResponse {
        self.sent.fetch_add(1, Ordering::SeqCst);
        exchange_tls(self.address(), &client.connector(servers), request).await.unwrap()
    }

    /// Like `send`, when the connection can end without a response.
    pub async fn try_send(&self, request: Request) -> Result<ClientResponse, String> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        exchange(self.address(), request).await
    }

    /// Sends a request in the background, so that the case can check the state or disconnect.
    pub fn start(&self, request: Request) -> Exchange {
        let site = self.clone();
        Exchange { task: tokio::spawn(async move { site.try_send(request).await }) }
    }

    /// Opens a connection for many requests.
    pub async fn session(&self) -> Session {
        Session::open(self).await
    }

    /// Opens a bare connection; its streams do not count for `logged`.
    pub async fn connect(&self) -> Wire {
        Wire::connect(self.address()).await
    }

    /// Writes these bytes, a request with `connection: close`, and reads until Envoy closes the connection.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        let mut wire = self.connect().await;
        wire.write(bytes).await;
        wire.read_to_close().await
    }

    /// The access log entry of the latest request, once every request sent so far has one.
    pub async fn logged(&self) -> LogEntry {
        self.log(self.sent.load(Ordering::SeqCst)).await.pop().expect("no request was sent")
    }

    /// The access log, once it has this many entries, in the order in which the streams ended.
    pub async fn log(&self, count: usize) -> Vec<LogEntry> {
        access_log::wait_for_entries(&self.access_log, count).await
    }

    /// The published flow variable of the latest request.
    pub async fn filter_state(&self, variable: &str) -> Option<String> {
        self.logged().await.state(variable).map(ToOwned::to_owned)
    }

    /// The messages of the module for this plugin in Envoy's log: level and text.
    pub fn module_log(&self) -> Vec<(String, String)> {
        envoy_log::module_log(&self.directory(), &self.name)
    }

    /// The directory of Envoy's log and of the access logs.
    pub fn directory(&self) -> PathBuf {
        self.access_log.parent().unwrap().to_owned()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.addresses.get().expect("Envoy runs only during the test").listeners[&self.name]
    }
}

/// A request under way.
pub struct Exchange {
    task: JoinHandle<Result<ClientResponse, String>>,
}

impl Exchange {
    pub(super) fn new(task: JoinHandle<Result<ClientResponse, String>>) -> Exchange {
        Exchange { task }
    }

    pub async fn reply(self) -> ClientResponse {
        self.task.await.unwrap().unwrap()
    }

    /// Whether the response has arrived or the connection has ended.
    pub fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Closes the connection without waiting for the response.
    pub async fn disconnect(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}
