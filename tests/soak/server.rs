//! The process of the callout services and of the upstream. It writes a line for each call before it responds, so that
//! the record is complete also when the process is killed: `CALL SERVICE ID`, and `MIXED SERVICE ID` when a message
//! contains the id of another request.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::behaviour::{Behaviour, MAX_RESPONSE_BYTES, TIMEOUT};

/// Serves until the standard input ends. Port 0 selects a free port, which is the first line of the output.
pub fn run(port: u64) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.spawn(async move {
        let listener = TcpListener::bind(("127.0.0.1", u16::try_from(port).unwrap())).await.unwrap();
        line(&format!("PORT {}", listener.local_addr().unwrap().port()));
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve(stream));
        }
    });
    // The parent has the other end, and it is closed also when the parent is killed.
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    ExitCode::SUCCESS
}

fn line(text: &str) {
    let mut output = std::io::stdout().lock();
    // Without a parent, nothing reads it.
    let _ = writeln!(output, "{text}").and_then(|()| output.flush());
}

/// A request as it arrived.
struct Received {
    head: String,
    service: String,
    id: String,
    behaviour: Behaviour,
    body: Vec<u8>,
}

impl Received {
    fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let of = |line: &'h str| line.split_once(':').filter(|(other, _)| other.eq_ignore_ascii_case(name));
    head.lines().find_map(of).map(|(_, value)| value.trim())
}

async fn serve(mut stream: TcpStream) {
    let mut unread = Vec::new();
    while let Some(received) = receive(&mut stream, &mut unread).await {
        if !respond(&mut stream, &received).await {
            return;
        }
    }
}

async fn receive(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Received> {
    let end = loop {
        if let Some(end) = find(unread, b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, unread).await?;
    };
    let head: Vec<u8> = unread.drain(..end).collect();
    let head = String::from_utf8_lossy(&head).into_owned();
    // `/SERVICE/ID?b=BEHAVIOUR`
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let (path, query) = path.split_once('?').unwrap_or((&path, ""));
    let mut parts = path.trim_start_matches('/').split('/');
    let (service, id) = (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default().to_owned());
    let behaviour = query.strip_prefix("b=").and_then(Behaviour::named).unwrap_or(Behaviour::Well);
    // The call is counted when it arrives, also when its body does not.
    line(&format!("CALL {service} {id}"));
    let body = body(stream, unread, &head).await?;
    Some(Received { head, service, id, behaviour, body })
}

async fn body(stream: &mut TcpStream, unread: &mut Vec<u8>, head: &str) -> Option<Vec<u8>> {
    if header(head, "transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        let mut body = Vec::new();
        loop {
            let end = loop {
                match find(unread, b"\r\n") {
                    Some(end) => break end,
                    None => more(stream, unread).await?,
                }
            };
            let size: Vec<u8> = unread.drain(..end + 2).collect();
            let size = usize::from_str_radix(std::str::from_utf8(&size).ok()?.trim(), 16).ok()?;
            while unread.len() < size + 2 {
                more(stream, unread).await?;
            }
            body.extend(unread.drain(..size));
            unread.drain(..2);
            if size == 0 {
                return Some(body);
            }
        }
    }
    let length = header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while unread.len() < length {
        more(stream, unread).await?;
    }
    Some(unread.drain(..length).collect())
}

async fn more(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<()> {
    matches!(stream.read_buf(unread).await, Ok(1..)).then_some(())
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

/// Returns whether the connection stays open.
async fn respond(stream: &mut TcpStream, received: &Received) -> bool {
    let (headers, body) = content(received);
    match received.behaviour {
        Behaviour::Well => {}
        Behaviour::Slowly => tokio::time::sleep(Duration::from_millis(20)).await,
        Behaviour::Late => tokio::time::sleep(TIMEOUT + Duration::from_secs(1)).await,
        Behaviour::Never => {
            let mut ignored = [0; 1024];
            while matches!(stream.read(&mut ignored).await, Ok(1..)) {}
            return false;
        }
        Behaviour::Reset => {
            let _ = stream.set_zero_linger();
            return false;
        }
        Behaviour::Garbage => {
            let _ = stream.write_all(b"garbage\r\n\r\n").await;
            return false;
        }
        Behaviour::Cut => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf").await;
            // The sent bytes must arrive before the reset.
            tokio::time::sleep(Duration::from_millis(30)).await;
            let _ = stream.set_zero_linger();
            return false;
        }
        Behaviour::Unknown => return send(stream, 404, "", b"unknown").await,
        Behaviour::Unavailable => return send(stream, 503, "", b"unavailable").await,
        Behaviour::Oversized => return send(stream, 200, "", &vec![b'x'; MAX_RESPONSE_BYTES + 1]).await,
    }
    send(stream, 200, &headers, &body).await
}

async fn send(stream: &mut TcpStream, status: u16, headers: &str, body: &[u8]) -> bool {
    let head = format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    let whole = [head.as_bytes(), body].concat();
    stream.write_all(&whole).await.is_ok()
}

/// Headers and body of a good response. Ids in the request are compared with that of the path.
fn content(received: &Received) -> (String, Vec<u8>) {
    let Received { service, id, body, .. } = received;
    let expect = |seen: Option<&str>| {
        if seen != Some(id) {
            line(&format!("MIXED {service} {id}"));
        }
    };
    match service.as_str() {
        "user" => {
            let body = format!(r#"{{"id":"{id}","name":"user of {id}"}}"#);
            ("content-type: application/json\r\n".to_owned(), body.into_bytes())
        }
        "audit" | "log" => {
            let text = String::from_utf8_lossy(body);
            expect(text.split(':').next());
            (String::new(), id.clone().into_bytes())
        }
        "s" => {
            let user = received.header("x-user-id");
            expect(user);
            let seen = ["x-optional", "x-killed"]
                .map(|name| format!("saw-{name}: {}\r\n", received.header(name).unwrap_or("none")));
            let start = format!("{id}:{}:", user.unwrap_or_default());
            (seen.concat(), [start.as_bytes(), body].concat())
        }
        _ => (String::new(), id.clone().into_bytes()),
    }
}
