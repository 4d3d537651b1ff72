//! Clients with unusual but complete messages: trailers, chunks with pauses, values that are not UTF-8,
//! `100-continue`, upgrades, stalls. All of them get the response of any other client.

use std::time::Duration;

use super::clients::Client;
use super::configuration::STEADY;
use super::expectation::{Seen, judge_seen};
use super::lab::client::exchange;
use super::lab::{Request, Wire};
use super::ledger::Calls;
use super::report::Check;
use super::request::Ask;

const PAUSE: Duration = Duration::from_millis(20);

/// The kinds of clients.
const KINDS: u64 = 7;

pub async fn run(mut client: Client) {
    while client.continues() {
        let mut ask = Ask::random(STEADY, &client.ledger, &mut client.random);
        let kind = client.random.below(KINDS);
        match kind {
            0 | 1 => {
                ask.body = Some("ab".to_owned());
                let pieces = with_headers(Request::new("POST", &ask.path()), &ask).pieces(["a", "b"], PAUSE);
                let request = pieces.trailer("x-end", "1");
                let request = if kind == 0 { request } else { request.h2() };
                client.check(&ask, exchange(client.address, request).await, Check::Odd);
            }
            2 | 3 => {
                let request = ask.to_request().header("x-odd", [0xff, 0xfe, b'a']);
                let request = if kind == 2 { request } else { request.h2() };
                client.check(&ask, exchange(client.address, request).await, Check::Odd);
            }
            4 => continued(&client, &mut ask).await,
            5 => stalled(&client, &mut ask).await,
            _ => upgraded(&client, &ask).await,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn with_headers(request: Request, ask: &Ask) -> Request {
    ask.headers().into_iter().fold(request, |request, (name, value)| request.header(name, value))
}

/// The head of an HTTP/1.1 request, without its last line break.
fn head(ask: &Ask, method: &str, more: &str) -> String {
    let headers: String = ask.headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} {} HTTP/1.1\r\nhost: site.test\r\n{headers}{more}", ask.path())
}

/// The body follows the interim response.
async fn continued(client: &Client, ask: &mut Ask) {
    ask.body = Some("hello".to_owned());
    let mut wire = Wire::connect(client.address).await;
    wire.write(head(ask, "POST", "expect: 100-continue\r\ncontent-length: 5\r\n\r\n")).await;
    let mut first = wire.head().await;
    if first.starts_with("HTTP/1.1 100") {
        wire.write("hello").await;
        first = wire.head().await;
    } else {
        client.ledger.findings.add(Check::Odd, format!("{}: {first:?} instead of 100 Continue", ask.id));
    }
    finish(client, ask, wire, &first).await;
}

/// The head arrives in two parts, and so does the body.
async fn stalled(client: &Client, ask: &mut Ask) {
    ask.body = Some("hello".to_owned());
    let mut wire = Wire::connect(client.address).await;
    let head = head(ask, "POST", "content-length: 5\r\n\r\n");
    let (first, second) = head.split_at(head.len() / 2);
    for part in [first, second, "he", "llo"] {
        wire.write(part).await;
        tokio::time::sleep(PAUSE * 3).await;
    }
    let first = wire.head().await;
    finish(client, ask, wire, &first).await;
}

async fn finish(client: &Client, ask: &Ask, mut wire: Wire, head: &str) {
    let of = |line: &str, name: &str| {
        let (other, value) = line.split_once(':')?;
        other.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    };
    let header = |name: &str| head.lines().find_map(|line| of(line, name));
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let body = wire.read(length).await;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    judge_seen(ask, &Seen { status, body: &body, header: &header }, &[0], Check::Odd, &client.ledger);
}

/// Envoy rejects upgrades, so no policy runs.
async fn upgraded(client: &Client, ask: &Ask) {
    let mut wire = Wire::connect(client.address).await;
    wire.write(head(ask, "GET", "connection: upgrade\r\nupgrade: websocket\r\n\r\n")).await;
    let head = wire.head().await;
    const NONE: Calls = [(0, 0); 6];
    client.ledger.finish(&ask.id, NONE);
    client.ledger.findings.checked(Check::Odd, 1);
    if !head.starts_with("HTTP/1.1 403") {
        client.ledger.findings.add(Check::Odd, format!("{}: {head:?} instead of 403", ask.id));
    }
}
