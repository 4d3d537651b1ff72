//! The servers behind Envoy: the upstream and the callout service. They run in a separate process.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::geo;

/// The argument that makes this program run the servers.
pub const ARGUMENT: &str = "serve";

/// The running servers, stopped when dropped.
pub struct Servers {
    process: Child,
    pub upstream: SocketAddr,
    pub callout: SocketAddr,
}

impl Servers {
    pub fn start() -> Servers {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("start the servers: {error}"));
        let mut addresses = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut addresses).unwrap();
        let (upstream, callout) = addresses.trim().split_once(' ').expect("the servers print their addresses");
        Servers { upstream: upstream.parse().unwrap(), callout: callout.parse().unwrap(), process }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Serves until standard input ends, which happens when the parent exits.
pub async fn run() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let (upstream, callout) = (bind().await, bind().await);
    println!("{} {}", upstream.local_addr().unwrap(), callout.local_addr().unwrap());
    tokio::spawn(serve(upstream, echo));
    serve(callout, locate).await;
}

async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

async fn serve(listener: TcpListener, respond: fn(&Request<Incoming>) -> Response<Full<Bytes>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let service = service_fn(move |request| {
            let response = respond(&request);
            let is_slow = request.uri().path() == geo::SLOW_PATH;
            async move {
                if is_slow {
                    tokio::time::sleep(geo::DELAY).await;
                }
                Ok::<_, Infallible>(response)
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// The upstream: returns the received `x-geo` to the client.
fn echo(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    Response::new(header(request, geo::GEO).to_owned().into())
}

/// The callout service, which also issues tokens.
fn locate(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if request.uri().path().starts_with("/computeMetadata/") {
        return Response::new(r#"{"access_token":"ya29.bench","expires_in":3599,"token_type":"Bearer"}"#.into());
    }
    if request.method() != "GET" || ![geo::PATH, geo::SLOW_PATH].contains(&request.uri().path()) {
        return Response::builder().status(404).body(Full::default()).unwrap();
    }
    let location = geo::location(header(request, geo::USER));
    Response::builder()
        .header("content-type", "application/json")
        .header(geo::GEO, &location)
        .body(location.into())
        .unwrap()
}

fn header<'a>(request: &'a Request<Incoming>, name: &str) -> &'a str {
    request.headers().get(name).map_or("", |value| value.to_str().unwrap())
}
