//! The clients: a fixed number of connections, each of which sends its next request after the response.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::{Request, StatusCode};
use tokio::task::JoinSet;

use crate::connection::Connection;
use crate::geo;

/// The number of concurrent requests of most variants.
pub const CONNECTIONS: usize = 16;

/// The typical headers of an API client, except `host` and `x-user`.
const HEADERS: [(&str, &str); 6] = [
    ("user-agent", "bench/1.0"),
    ("accept", "application/json"),
    ("accept-encoding", "gzip, br"),
    ("accept-language", "de-CH, de;q=0.9, en;q=0.8"),
    ("authorization", "Bearer 2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpAA"),
    ("x-api-key", "7f3c9d52b1e84a06"),
];

/// The clients of one listener.
pub struct Clients {
    clients: Vec<Client>,
}

impl Clients {
    /// Connects. `upstream_sees` returns the `x-geo` that the upstream must receive for a user.
    pub async fn connect(address: SocketAddr, connections: usize, upstream_sees: fn(&str) -> String) -> Clients {
        let mut clients = Vec::with_capacity(connections);
        for number in 0..connections {
            let user = format!("user-{number:02}");
            let expected = Bytes::from(upstream_sees(&user));
            clients.push(Client { connection: Connection::open(address).await, user, expected });
        }
        Clients { clients }
    }

    /// Sends requests, checks every response, and returns the latencies.
    pub async fn send(&mut self, requests: usize) -> Vec<Duration> {
        let sent = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for mut client in self.clients.drain(..) {
            let sent = Arc::clone(&sent);
            tasks.spawn(async move {
                let mut latencies = Vec::new();
                while sent.fetch_add(1, Ordering::Relaxed) < requests {
                    latencies.push(client.exchange().await);
                }
                (client, latencies)
            });
        }
        let mut latencies = Vec::with_capacity(requests);
        while let Some(ended) = tasks.join_next().await {
            let (client, client_latencies) = ended.expect("an exchange failed; its panic is above");
            self.clients.push(client);
            latencies.extend(client_latencies);
        }
        latencies
    }
}

struct Client {
    connection: Connection,
    user: String,
    /// The response of the upstream: the `x-geo` that it received.
    expected: Bytes,
}

impl Client {
    async fn exchange(&mut self) -> Duration {
        let mut request = Request::get(geo::PATH).header("host", "site.test").header(geo::USER, &self.user);
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        let request = request.body(Empty::new()).unwrap();
        let started = Instant::now();
        let (status, body) = self.connection.send(request).await;
        let latency = started.elapsed();
        assert_eq!(status, StatusCode::OK, "{}", body.escape_ascii());
        assert_eq!(body, self.expected, "the upstream received {}", body.escape_ascii());
        latency
    }
}
