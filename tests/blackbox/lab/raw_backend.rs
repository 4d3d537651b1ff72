//! Servers that follow a script on a bare TCP connection.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

use super::Wire;

/// A server of one case that speaks TCP only.
#[derive(Clone)]
pub struct RawBackend {
    cluster: String,
    connections: Arc<AtomicUsize>,
}

impl RawBackend {
    pub(super) fn serve<S, F>(cluster: String, listener: TcpListener, script: S) -> RawBackend
    where
        S: Fn(Wire) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(script(Wire::new(stream)));
            }
        });
        RawBackend { cluster, connections }
    }

    /// The name of the Envoy cluster of this server.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The number of connections that Envoy has opened.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
