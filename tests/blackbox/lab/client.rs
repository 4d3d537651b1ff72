//! One request on one connection.

use std::net::SocketAddr;

use hyper::Version;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::message::Content;
use super::{Reply, Request};

/// Sends the request and reads the whole response. Dropping the future closes the connection.
pub async fn exchange(address: SocketAddr, request: Request) -> Result<Reply, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| format!("connect to {address}: {error}"))?;
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(stream);
    // A task set ends its tasks when it is dropped.
    let mut connection = JoinSet::new();
    let response = if request.version == Version::HTTP_2 {
        let (mut sender, driver) =
            http2::handshake(TokioExecutor::new(), io).await.map_err(|error| error.to_string())?;
        connection.spawn(driver);
        sender.send_request(request.into_hyper()).await
    } else {
        let (mut sender, driver) = http1::handshake(io).await.map_err(|error| error.to_string())?;
        connection.spawn(driver);
        sender.send_request(request.into_hyper()).await
    };
    let (head, body) = response.map_err(|error| format!("no response: {error:?}"))?.into_parts();
    Ok(Reply {
        status: head.status.as_u16(),
        version: head.version,
        headers: head.headers,
        content: Content::read(body).await,
    })
}
