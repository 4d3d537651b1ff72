//! A bare TCP connection, for bytes that no HTTP library sends.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const READ_LIMIT: Duration = Duration::from_secs(10);

/// One end of a TCP connection, at a client or at a raw backend. Dropping it closes the connection.
pub struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Wire {
        let _ = stream.set_nodelay(true);
        Wire { stream, unread: Vec::new() }
    }

    pub async fn connect(address: SocketAddr) -> Wire {
        Wire::new(TcpStream::connect(address).await.unwrap_or_else(|error| panic!("connect to {address}: {error}")))
    }

    /// Writes all of it. Ignores a closed connection; the case checks the result.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Reads a message head up to and with its empty line; what came before the end if the other side closed.
    pub async fn head(&mut self) -> String {
        let end = |bytes: &[u8]| bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        let length = loop {
            if let Some(length) = end(&self.unread) {
                break length;
            }
            if !self.read_some().await {
                break self.unread.len();
            }
        };
        let head: Vec<u8> = self.unread.drain(..length).collect();
        String::from_utf8_lossy(&head).into_owned()
    }

    /// Reads this many bytes, fewer if the other side closed.
    pub async fn read(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length && self.read_some().await {}
        let length = length.min(self.unread.len());
        self.unread.drain(..length).collect()
    }

    /// Reads until the other side closes.
    pub async fn read_to_close(&mut self) -> Vec<u8> {
        while self.read_some().await {}
        std::mem::take(&mut self.unread)
    }

    /// Closes with a TCP reset.
    pub fn reset(self) {
        let _ = self.stream.set_zero_linger();
    }

    /// Keeps the connection open without sending until the other side closes it.
    pub async fn hang(mut self) {
        let mut ignored = [0; 4096];
        while matches!(self.stream.read(&mut ignored).await, Ok(1..)) {}
    }

    async fn read_some(&mut self) -> bool {
        match tokio::time::timeout(READ_LIMIT, self.stream.read_buf(&mut self.unread)).await {
            Ok(read) => matches!(read, Ok(1..)),
            Err(_) => {
                panic!("neither bytes nor a close for {READ_LIMIT:?} after {:?}", String::from_utf8_lossy(&self.unread))
            }
        }
    }
}
