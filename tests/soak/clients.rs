//! Clients that send requests and read their responses, on HTTP/1.1 and HTTP/2.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::configuration::STEADY;
use super::expectation::{ANY, judge};
use super::lab::client::{self, Connection};
use super::lab::{ClientResponse, Request};
use super::ledger::Ledger;
use super::random::Random;
use super::report::Check;
use super::request::Ask;

/// The streams of an HTTP/2 connection at once.
const STREAMS: usize = 8;

/// What every client has.
#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub ledger: Arc<Ledger>,
    pub random: Random,
    pub end: Instant,
}

impl Client {
    /// Whether the soak has time for another request.
    pub fn continues(&self) -> bool {
        Instant::now() < self.end
    }

    /// Checks the result of a request to the listener that is not updated.
    pub fn check(&self, ask: &Ask, result: Result<ClientResponse, String>, check: Check) {
        match result {
            Ok(response) => judge(ask, &response, &[0], check, &self.ledger),
            Err(error) => {
                self.ledger.finish(&ask.id, ANY);
                self.ledger.findings.add(check, format!("no response to {ask}: {error}"));
            }
        }
    }
}

/// Sends requests one after the other on one connection.
pub async fn http1(mut client: Client) {
    let mut connection = None;
    while client.continues() {
        let ask = Ask::random(STEADY, &client.ledger, &mut client.random);
        let result = send(&mut connection, &mut client, ask.to_request()).await;
        client.check(&ask, result, Check::Response);
    }
}

async fn send(
    connection: &mut Option<Connection>,
    client: &mut Client,
    request: Request,
) -> Result<ClientResponse, String> {
    let is_open = match connection {
        Some(connection) => connection.is_ready().await,
        None => false,
    };
    if !is_open || client.random.one_in(50) {
        *connection = Some(Connection::open(client.address).await?);
    }
    let Some(open) = connection else { return Err("no connection".to_owned()) };
    let result = open.send(request).await;
    if result.is_err() {
        *connection = None;
    }
    result
}

/// Sends requests at once on one connection, and opens another one after some time.
pub async fn http2(mut client: Client) {
    while client.continues() {
        let Ok((sender, _connection)) = client::open_http2(client.address).await else {
            client.ledger.findings.add(Check::Response, "no HTTP/2 connection".to_owned());
            return;
        };
        let mut streams = tokio::task::JoinSet::new();
        for _ in 0..200 {
            if !client.continues() {
                break;
            }
            let ask = Ask::random(STEADY, &client.ledger, &mut client.random);
            let (mut sender, client) = (sender.clone(), client.clone());
            streams.spawn(async move {
                let result = client::read(sender.send_request(ask.to_request().h2().into_hyper()).await).await;
                client.check(&ask, result, Check::Response);
            });
            if streams.len() >= STREAMS {
                streams.join_next().await.unwrap().unwrap();
            }
        }
        while let Some(stream) = streams.join_next().await {
            stream.unwrap();
        }
    }
}

/// Sends requests whose policies call the server that is killed.
pub async fn killing(mut client: Client) {
    let mut connection = None;
    while client.continues() {
        let mut ask = Ask::plain(STEADY, &client.ledger);
        ask.kill = true;
        // Slower than the others, so that most of the time no connection waits for the restarted server.
        tokio::time::sleep(std::time::Duration::from_millis(client.random.below(20))).await;
        let result = send(&mut connection, &mut client, ask.to_request()).await;
        client.check(&ask, result, Check::Killed);
    }
}
