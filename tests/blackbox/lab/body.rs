//! Bodies of requests and responses: complete, in pieces with pauses, with trailers, or truncated.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::Channel;
use http_body_util::{Either, Full};
use hyper::header::HeaderMap;

/// A body as hyper sends it.
pub type SentBody = Either<Full<Bytes>, Channel<Bytes, io::Error>>;

/// The body to send after the head, and its pace.
#[derive(Clone, Debug, Default)]
pub struct BodyPlan {
    pub pieces: Vec<Bytes>,
    pub pause: Duration,
    pub trailers: HeaderMap,
    /// Break off after the last piece instead of ending the body.
    pub cut: bool,
}

impl BodyPlan {
    /// A body in one piece is sent with its length; any other is streamed.
    pub fn in_one_piece(body: impl Into<Bytes>) -> BodyPlan {
        BodyPlan { pieces: vec![body.into()], ..BodyPlan::default() }
    }

    pub fn into_body(self) -> SentBody {
        if self.pieces.len() <= 1 && self.trailers.is_empty() && !self.cut {
            return Either::Left(Full::new(self.pieces.into_iter().next().unwrap_or_default()));
        }
        let (mut sender, body) = Channel::new(1);
        tokio::spawn(async move {
            for (index, piece) in self.pieces.into_iter().enumerate() {
                if index > 0 {
                    tokio::time::sleep(self.pause).await;
                }
                if sender.send_data(piece).await.is_err() {
                    return;
                }
            }
            if self.cut {
                // The sent bytes must leave before the break, or the other side sees neither.
                tokio::time::sleep(Duration::from_millis(50)).await;
                sender.abort(io::ErrorKind::ConnectionAborted.into());
            } else if !self.trailers.is_empty() {
                let _ = sender.send_trailers(self.trailers).await;
            }
        });
        Either::Right(body)
    }
}
