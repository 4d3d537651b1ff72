//! The declarations of one case before Envoy starts.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::{
    Admin, Authority, Backend, Cluster, Identity, Lab, Listener, Message, MockResponse, RawBackend, Received, Site,
    Wire,
};

/// Declares listeners, clusters and servers, all named after the case.
pub struct Setup<'lab> {
    lab: &'lab mut Lab,
    name: String,
    clusters: usize,
    listeners: usize,
}

impl<'lab> Setup<'lab> {
    pub(super) fn new(lab: &'lab mut Lab, case: &str) -> Setup<'lab> {
        // A colon would become an underscore in stat names.
        Setup { lab, name: case.replace("::", "-"), clusters: 0, listeners: 0 }
    }

    /// A server with the responses of `handler`, and its cluster.
    pub fn backend(&mut self, handler: impl Fn(&Received) -> MockResponse + Send + Sync + 'static) -> Backend {
        self.backend_in(Cluster::new(), handler)
    }

    /// Like `backend`, with options of the cluster.
    pub fn backend_in(
        &mut self,
        cluster: Cluster,
        handler: impl Fn(&Received) -> MockResponse + Send + Sync + 'static,
    ) -> Backend {
        let listener = self.bind();
        let name = self.add_cluster(&cluster, Some(listener.local_addr().unwrap()));
        let _context = self.lab.runtime.enter();
        Backend::serve(name, listener, None, handler)
    }

    /// A server that speaks TLS as `identity`, only with clients of `clients` if those are given.
    pub fn tls_backend(
        &mut self,
        cluster: Cluster,
        identity: &Identity,
        clients: Option<&Authority>,
        handler: impl Fn(&Received) -> MockResponse + Send + Sync + 'static,
    ) -> Backend {
        let listener = self.bind();
        let name = self.add_cluster(&cluster, Some(listener.local_addr().unwrap()));
        let _context = self.lab.runtime.enter();
        Backend::serve(name, listener, Some(identity.acceptor(clients)), handler)
    }

    /// A file for Envoy to read.
    pub fn file(&mut self, name: &str, content: &str) -> PathBuf {
        let path = self.lab.directory.path().join(format!("{}-{name}", self.name));
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A server that responds with 200 and the body and content type of the request.
    pub fn echo(&mut self) -> Backend {
        self.backend(echo)
    }

    /// Like `echo`, with options of the cluster.
    pub fn echo_in(&mut self, cluster: Cluster) -> Backend {
        self.backend_in(cluster, echo)
    }

    /// A server that runs `script` on every connection, and a cluster that leads to it.
    pub fn raw_backend<F>(&mut self, script: impl Fn(Wire) -> F + Send + 'static) -> RawBackend
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.raw_backend_in(Cluster::new(), script)
    }

    /// Like `raw_backend`, with options of the cluster.
    pub fn raw_backend_in<F>(&mut self, cluster: Cluster, script: impl Fn(Wire) -> F + Send + 'static) -> RawBackend
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = self.bind();
        let name = self.add_cluster(&cluster, Some(listener.local_addr().unwrap()));
        let _context = self.lab.runtime.enter();
        RawBackend::serve(name, listener, script)
    }

    /// The name of a cluster that has no endpoint.
    pub fn cluster_without_endpoints(&mut self) -> String {
        self.add_cluster(&Cluster::new(), None)
    }

    /// The name of a cluster whose endpoint refuses connections.
    pub fn cluster_refusing_connections(&mut self, cluster: Cluster) -> String {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(loopback()).unwrap();
        let name = self.add_cluster(&cluster, Some(socket.local_addr().unwrap()));
        // Bound for as long as the run lasts, never listening: no other server can get the port.
        std::mem::forget(socket);
        name
    }

    /// The name of a cluster whose endpoint ignores connection attempts.
    pub fn cluster_without_accept(&mut self, cluster: Cluster) -> String {
        let (listener, address) = self.lab.runtime.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(loopback()).unwrap();
            let address = socket.local_addr().unwrap();
            let listener = socket.listen(1).unwrap();
            // No thread accepts connections: when the queue is full, the kernel drops further attempts.
            while let Ok(connected) =
                tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
            {
                std::mem::forget(connected.unwrap());
            }
            (listener, address)
        });
        std::mem::forget(listener);
        self.add_cluster(&cluster, Some(address))
    }

    /// A cluster with own fields, such as those of a dynamic forward proxy, including `type` and `load_assignment`.
    pub fn cluster(&mut self, mut cluster: serde_json::Value) -> String {
        let name = self.cluster_name();
        cluster["name"] = serde_json::json!(name);
        self.lab.bootstrap.clusters.push(cluster);
        name
    }

    /// A listener, with an echo upstream unless it names another.
    pub fn listener(&mut self, listener: Listener) -> Site {
        let upstream = listener.upstream.clone().unwrap_or_else(|| self.echo());
        self.listeners += 1;
        let name = if self.listeners == 1 { self.name.clone() } else { format!("{}-{}", self.name, self.listeners) };
        let access_log = self.lab.directory.path().join(format!("{name}.access.log"));
        self.lab.bootstrap.listeners.push(listener.to_json(&name, upstream.cluster(), &access_log));
        Site {
            name,
            upstream,
            access_log,
            addresses: Arc::clone(&self.lab.addresses),
            sent: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// Envoy's admin interface, for use in the test.
    pub fn admin(&self) -> Admin {
        Admin::new(&self.lab.addresses)
    }

    fn bind(&self) -> TcpListener {
        self.lab.runtime.block_on(TcpListener::bind(loopback())).unwrap()
    }

    fn add_cluster(&mut self, cluster: &Cluster, endpoint: Option<SocketAddr>) -> String {
        let name = self.cluster_name();
        self.lab.bootstrap.clusters.push(cluster.to_json(&name, endpoint));
        name
    }

    fn cluster_name(&mut self) -> String {
        self.clusters += 1;
        format!("{}-cluster-{}", self.name, self.clusters)
    }
}

fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

fn echo(request: &Received) -> MockResponse {
    MockResponse::of(200, request.header("content-type").unwrap_or("text/plain"), request.body().clone())
}
