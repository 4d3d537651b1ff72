//! One request on one connection.

use std::net::SocketAddr;

use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::rt::{Read, Write};
use hyper::{Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::body::SentBody;
use super::message::Content;
use super::{ClientResponse, Request};

/// Sends the request and reads the whole response. Dropping the future closes the connection.
pub async fn exchange(address: SocketAddr, request: Request) -> Result<ClientResponse, String> {
    if request.version == Version::HTTP_2 {
        let (mut sender, _connection) = open_http2(address).await?;
        return read(sender.send_request(request.into_hyper()).await).await;
    }
    send_http1(connect(address).await?, request).await
}

/// Like `exchange`, over TLS to the server `site.test`.
pub async fn exchange_tls(address: SocketAddr, tls: &TlsConnector, request: Request) -> Result<ClientResponse, String> {
    let stream = connect(address).await?.into_inner();
    let name = "site.test".try_into().expect("it is a name");
    let stream = tls.connect(name, stream).await.map_err(|error| error.to_string())?;
    send_http1(TokioIo::new(stream), request).await
}

async fn send_http1(
    io: impl Read + Write + Unpin + Send + 'static,
    request: Request,
) -> Result<ClientResponse, String> {
    let (mut sender, driver) = http1::handshake(io).await.map_err(|error| error.to_string())?;
    // A task set ends its tasks when it is dropped.
    let mut connection = JoinSet::new();
    connection.spawn(driver);
    read(sender.send_request(request.into_hyper()).await).await
}

/// An HTTP/1.1 connection for requests one after the other. Dropping it closes the connection.
pub struct Connection {
    sender: http1::SendRequest<SentBody>,
    _driver: JoinSet<hyper::Result<()>>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Connection, String> {
        let (sender, driver) = http1::handshake(connect(address).await?).await.map_err(|error| error.to_string())?;
        let mut connection = JoinSet::new();
        connection.spawn(driver);
        Ok(Connection { sender, _driver: connection })
    }

    /// Waits until the connection takes a request. Returns whether it is open.
    pub async fn is_ready(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    /// Sends the request and reads the whole response.
    pub async fn send(&mut self, request: Request) -> Result<ClientResponse, String> {
        read(self.sender.send_request(request.into_hyper()).await).await
    }
}

/// Opens an HTTP/2 connection, which closes when the task set is dropped.
pub async fn open_http2(
    address: SocketAddr,
) -> Result<(http2::SendRequest<SentBody>, JoinSet<hyper::Result<()>>), String> {
    let io = connect(address).await?;
    let (sender, driver) = http2::handshake(TokioExecutor::new(), io).await.map_err(|error| error.to_string())?;
    let mut connection = JoinSet::new();
    connection.spawn(driver);
    Ok((sender, connection))
}

/// Reads the whole of a response.
pub async fn read(response: hyper::Result<Response<Incoming>>) -> Result<ClientResponse, String> {
    let (head, body) = response.map_err(|error| format!("no response: {error:?}"))?.into_parts();
    Ok(ClientResponse {
        status: head.status.as_u16(),
        version: head.version,
        headers: head.headers,
        content: Content::read(body).await,
    })
}

async fn connect(address: SocketAddr) -> Result<TokioIo<TcpStream>, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| format!("connect to {address}: {error}"))?;
    let _ = stream.set_nodelay(true);
    Ok(TokioIo::new(stream))
}
