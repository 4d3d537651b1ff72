//! HTTP servers that record what they receive.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::Version;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::body::SentBody;
use super::message::{Content, Message};
use super::{Host, MockResponse};

const ARRIVAL_LIMIT: Duration = Duration::from_secs(5);

/// A request as a backend received it.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub path_and_query: String,
    /// `:authority` or the `host` header.
    pub authority: String,
    pub version: Version,
    /// The certificate of the client.
    pub client_certificate: Option<Vec<u8>>,
    headers: HeaderMap,
    content: Content,
}

impl Message for Received {
    fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn content(&self) -> &Content {
        &self.content
    }
}

/// A server of one case, speaking HTTP/1 and, to clients that start with its preface, HTTP/2.
#[derive(Clone)]
pub struct Backend {
    cluster: String,
    address: SocketAddr,
    records: Arc<Records>,
}

#[derive(Default)]
struct Records {
    heads: watch::Sender<usize>,
    requests: watch::Sender<Vec<Received>>,
    handler_panic: Mutex<Option<String>>,
}

type Handler = Arc<dyn Fn(&Received) -> MockResponse + Send + Sync>;

impl Backend {
    pub(super) fn serve(
        cluster: String,
        listener: TcpListener,
        tls: Option<TlsAcceptor>,
        handler: impl Fn(&Received) -> MockResponse + Send + Sync + 'static,
    ) -> Backend {
        let records = Arc::new(Records::default());
        let address = listener.local_addr().unwrap();
        let backend = Backend { cluster, address, records: Arc::clone(&records) };
        let handler: Handler = Arc::new(handler);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let records = Arc::clone(&records);
                let handler = Arc::clone(&handler);
                let tls = tls.clone();
                tokio::spawn(async move {
                    let Some(tls) = tls else { return serve(stream, None, records, handler).await };
                    // A client that rejects the certificate, or has none of its own, fails here.
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
                    let shown = shown.map(|certificate| certificate.to_vec());
                    serve(stream, shown, records, handler).await;
                });
            }
        });
        backend
    }

    /// The name of the Envoy cluster of this server.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every request that arrived so far, in the order of their ends.
    pub fn requests(&self) -> Vec<Received> {
        self.check_handler();
        self.records.requests.borrow().clone()
    }

    /// The only request that arrived.
    pub fn only_request(&self) -> Received {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "requests to {}: {requests:#?}", self.cluster);
        requests.into_iter().next().unwrap()
    }

    /// Waits until this many requests arrived whole.
    pub async fn wait_for_requests(&self, count: usize) -> Vec<Received> {
        let mut requests = self.records.requests.subscribe();
        let arrived =
            tokio::time::timeout(ARRIVAL_LIMIT, requests.wait_for(|requests| requests.len() >= count)).await.is_ok();
        let requests = self.requests();
        assert!(arrived, "{} instead of {count} requests to {}: {requests:#?}", requests.len(), self.cluster);
        requests
    }

    /// The number of received request heads, with or without their bodies.
    pub fn heads(&self) -> usize {
        *self.records.heads.borrow()
    }

    /// Waits until this many request heads arrived.
    pub async fn wait_for_heads(&self, count: usize) {
        let mut heads = self.records.heads.subscribe();
        let arrived = tokio::time::timeout(ARRIVAL_LIMIT, heads.wait_for(|heads| *heads >= count)).await.is_ok();
        assert!(arrived, "{} instead of {count} request heads at {}", self.heads(), self.cluster);
    }

    fn check_handler(&self) {
        if let Some(message) = self.records.handler_panic.lock().unwrap().as_ref() {
            panic!("the handler of {} panicked: {message}", self.cluster);
        }
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    client_certificate: Option<Vec<u8>>,
    records: Arc<Records>,
    handler: Handler,
) {
    let service =
        service_fn(|request| handle(request, client_certificate.clone(), Arc::clone(&records), Arc::clone(&handler)));
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn handle(
    request: hyper::Request<Incoming>,
    client_certificate: Option<Vec<u8>>,
    records: Arc<Records>,
    handler: Handler,
) -> Result<hyper::Response<SentBody>, Infallible> {
    records.heads.send_modify(|heads| *heads += 1);
    let (mut head, body) = request.into_parts();
    remove_own_address(&mut head.headers);
    let authority = head.uri.authority().map(ToString::to_string);
    let host = || head.headers.get("host").map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    let received = Received {
        method: head.method.to_string(),
        path_and_query: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        authority: authority.or_else(host).unwrap_or_default(),
        version: head.version,
        client_certificate,
        content: Content::read(body).await,
        headers: head.headers,
    };
    records.requests.send_modify(|requests| requests.push(received.clone()));
    // A panic would only close the connection, and the case would look for the reason elsewhere.
    let response =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| handler(&received))).unwrap_or_else(|panic| {
            let message = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            *records.handler_panic.lock().unwrap() = Some(message.unwrap_or_default());
            MockResponse::text(500, "the handler of this backend panicked")
        });
    Ok(response.into_response().await)
}

/// Removes the address that Envoy adds to the calls of dynamic modules, so that all other headers are the same on both
/// hosts (docs/guide/native.md).
fn remove_own_address(headers: &mut HeaderMap) {
    const FORWARDED: &str = "x-forwarded-for";
    let is_call = headers.contains_key("x-envoy-internal");
    if !is_call || !Host::current().is_native() {
        return;
    }
    let Some(addresses) = headers.get(FORWARDED).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned) else {
        return;
    };
    match addresses.rsplit_once(',') {
        Some((others, _)) => drop(headers.insert(FORWARDED, others.parse().unwrap())),
        None => drop(headers.remove(FORWARDED)),
    }
}
