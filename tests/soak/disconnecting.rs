//! Clients that disconnect before the response, or send messages that never end or are not HTTP.

use std::time::Duration;

use super::clients::Client;
use super::configuration::DISCONNECTING;
use super::expectation::ANY;
use super::lab::Wire;
use super::lab::client::exchange;
use super::report::Check;
use super::request::Ask;

pub async fn run(mut client: Client) {
    while client.continues() {
        let ask = Ask::random(DISCONNECTING, &client.ledger, &mut client.random);
        let patience = Duration::from_millis(client.random.below(60));
        let head = format!("POST {} HTTP/1.1\r\nhost: site.test\r\nx-id: {}\r\nx-user: well\r\n", ask.path(), ask.id);
        match client.random.below(6) {
            0 | 1 => drop(tokio::time::timeout(patience, exchange(client.address, ask.to_request())).await),
            2 => drop(tokio::time::timeout(patience, exchange(client.address, ask.to_request().h2())).await),
            3 => disconnect(&client, &head, patience).await,
            4 => disconnect(&client, &format!("{head}content-length: 1000\r\n\r\nstart"), patience).await,
            _ => disconnect(&client, "\u{0}\u{1}\u{2} garbage\r\n\r\n", patience).await,
        }
        // No call arrives twice, whatever the client does.
        client.ledger.finish(&ask.id, ANY);
        client.ledger.findings.checked(Check::Odd, 1);
    }
}

async fn disconnect(client: &Client, text: &str, patience: Duration) {
    let mut wire = Wire::connect(client.address).await;
    wire.write(text).await;
    tokio::time::sleep(patience).await;
    // Half of the connections end with a reset.
    if patience.as_millis().is_multiple_of(2) {
        wire.reset();
    }
}
