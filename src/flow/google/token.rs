//! A token and its lifetime.

use crate::flow::headers::header_value;
use bytes::Bytes;
use bytestring::ByteString;
use std::fmt;
use std::time::Duration;

/// The time before its expiry in which a token is not used.
const MARGIN: Duration = Duration::from_secs(60);

/// The time before the end of its use at which a token is replaced. A token with a short lifetime is replaced in the
/// last fifth of it.
const AHEAD: Duration = Duration::from_secs(240);

/// The time until the next attempt after a failed replacement.
const PAUSE: Duration = Duration::from_secs(10);

/// A token with its times since the Unix epoch.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::flow) struct Token {
    text: ByteString,
    expires: Duration,
    due: Duration,
}

impl fmt::Debug for Token {
    /// Omits the text.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Token").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl Token {
    /// A token that was received at `now`. `None` when the text is not valid in a header.
    pub(super) fn new(text: &str, now: Duration, expires: Duration) -> Option<Token> {
        let text = text.trim();
        let is_token = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let useful = expires.saturating_sub(MARGIN).saturating_sub(now);
        let due = expires.saturating_sub(MARGIN).saturating_sub(AHEAD.min(useful / 5));
        is_token.then(|| Token { text: text.into(), expires, due })
    }

    /// The value of a header with the token.
    pub(in crate::flow) fn bearer(&self) -> Bytes {
        header_value(format!("Bearer {}", self.text).into())
    }

    /// The text of the token.
    pub(in crate::flow) fn text(&self) -> &ByteString {
        &self.text
    }

    pub(super) fn is_usable(&self, now: Duration) -> bool {
        now < self.expires.saturating_sub(MARGIN)
    }

    /// Whether it is time to fetch the next token.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        now >= self.due
    }

    pub(super) fn outlives(&self, other: &Token) -> bool {
        self.expires > other.expires || self.due > other.due
    }

    pub(super) fn put_off(&mut self, now: Duration) {
        self.due = now.saturating_add(PAUSE);
    }

    /// The serialized form that workers share: two times in milliseconds and the text.
    pub(super) fn to_shared(&self) -> Vec<u8> {
        format!("{} {} {}", self.expires.as_millis(), self.due.as_millis(), self.text).into_bytes()
    }

    pub(super) fn from_shared(bytes: &[u8]) -> Option<Token> {
        let mut parts = std::str::from_utf8(bytes).ok()?.splitn(3, ' ');
        let mut time = || Some(Duration::from_millis(parts.next()?.parse().ok()?));
        let (expires, due) = (time()?, time()?);
        Some(Token { text: parts.next()?.into(), expires, due })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_token_is_used_until_a_minute_before_its_end_and_replaced_before() {
        let token = Token::new(" ya29.x\n", at(1000), at(4600)).unwrap();
        assert_eq!(token.text(), "ya29.x");
        assert!(token.is_usable(at(4539)) && !token.is_usable(at(4540)));
        assert!(token.is_due(at(4300)) && !token.is_due(at(4299)));
        let short = Token::new("t", at(1000), at(1110)).unwrap();
        assert!(short.is_due(at(1040)) && !short.is_due(at(1039)) && short.is_usable(at(1049)));
        assert!(!Token::new("t", at(1000), at(1030)).unwrap().is_usable(at(1000)));
    }

    #[test]
    fn a_token_is_shared_and_never_printed() {
        let token = Token::new("ya29.secret", at(1000), at(4600)).unwrap();
        assert_eq!(Token::from_shared(&token.to_shared()), Some(token.clone()));
        assert!(!format!("{token:?}").contains("secret"));
        assert_eq!(Token::from_shared(b""), None);
        for text in ["", " ", "a b", "a\r\nx", "é"] {
            assert_eq!(Token::new(text, at(0), at(1)), None, "{text:?}");
        }
    }
}
