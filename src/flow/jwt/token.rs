//! The compact form of a signed token (RFC 7515, section 7.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytestring::ByteString;
use serde_json::{Map, Value as Json};

/// Maximum size of a token in bytes.
pub(in crate::flow) const MAX_BYTES: usize = 64 << 10;

/// Maximum number of members of the header and the payload together, because most of them become variables.
const MAX_MEMBERS: usize = 256;

/// A token whose signature is not checked.
#[derive(Debug)]
pub(in crate::flow) struct Token {
    /// The JSON of the header.
    pub(in crate::flow) header_json: ByteString,
    /// The members of the header.
    pub(in crate::flow) header: Map<String, Json>,
    /// The JSON of the payload.
    pub(in crate::flow) payload_json: ByteString,
    /// The members of the payload.
    pub(in crate::flow) payload: Map<String, Json>,
    /// The text that is signed.
    pub(in crate::flow) signed: ByteString,
    /// The signature.
    pub(in crate::flow) signature: Vec<u8>,
}

/// The reason why a text is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) enum TokenError {
    /// It does not have three parts in Base64 for URLs, or a limit is exceeded.
    Malformed,
    /// The header or the payload is not a JSON object.
    Json,
}

impl Token {
    /// Reads a token. The last of several members with one name applies.
    ///
    /// # Errors
    /// The text is not a signed token.
    pub(in crate::flow) fn parse(text: &ByteString) -> Result<Token, TokenError> {
        let whole = text.trim();
        if whole.len() > MAX_BYTES {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = whole.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        // A further dot is not a digit of Base64.
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed);
        let signature = decode(signature)?;
        let json = |part: &str| ByteString::try_from(decode(part)?).map_err(|_| TokenError::Json);
        let (header_json, payload_json) = (json(header)?, json(payload)?);
        let members = |text: &str| serde_json::from_str::<Map<String, Json>>(text).map_err(|_| TokenError::Json);
        let (header, payload) = (members(&header_json)?, members(&payload_json)?);
        if header.len().saturating_add(payload.len()) > MAX_MEMBERS {
            return Err(TokenError::Malformed);
        }
        Ok(Token { header_json, header, payload_json, payload, signed: text.slice_ref(signed), signature })
    }

    /// The text of a header.
    pub(in crate::flow) fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Json::as_str)
    }

    /// A claim with a point in time, in milliseconds since the Unix epoch. `None` when it is not a usable number.
    pub(in crate::flow) fn time(&self, name: &str) -> Option<i64> {
        /// The year 9999 in seconds.
        const MAX_SECONDS: f64 = 253_402_300_799.0;
        let seconds = self.payload.get(name)?.as_f64().filter(|seconds| seconds.abs() <= MAX_SECONDS)?;
        #[allow(clippy::cast_possible_truncation, reason = "the number is small")]
        Some((seconds * 1000.0) as i64)
    }
}

/// The signed text of a new token.
pub(in crate::flow) fn signed_text(header: &Map<String, Json>, payload: &Map<String, Json>) -> String {
    let part = |members: &Map<String, Json>| {
        let json = serde_json::to_string(members).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(json)
    };
    format!("{}.{}", part(header), part(payload))
}

/// Appends a signature to its text.
pub(in crate::flow) fn with_signature(signed: &str, signature: &[u8]) -> String {
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, payload: &str, signature: &str) -> ByteString {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", encode(header), encode(payload), encode(signature)).into()
    }

    #[test]
    fn a_token_has_three_parts() {
        let text = token(r#"{"alg":"HS256"}"#, r#"{"sub":"a","exp":1.5,"sub":"b"}"#, "s");
        let found = Token::parse(&format!(" {text}\n").into()).unwrap();
        assert_eq!(found.header_text("alg"), Some("HS256"));
        assert_eq!(found.payload.get("sub"), Some(&Json::from("b")), "the last of two");
        assert_eq!((found.time("exp"), found.time("nbf"), found.time("sub")), (Some(1500), None, None));
        assert_eq!(found.signature, b"s");
        assert_eq!(format!("{}.cw", found.signed), *text);
        let rebuilt = signed_text(&found.header, &Map::from_iter([("a".to_owned(), Json::from(1))]));
        assert_eq!(with_signature(&rebuilt, b"s"), *token(r#"{"alg":"HS256"}"#, r#"{"a":1}"#, "s"));
    }

    #[test]
    fn other_texts_are_rejected() {
        let good = token("{}", "{}", "s");
        let nested = format!("{{\"a\":{}1{}}}", "[".repeat(130), "]".repeat(130));
        let many: Vec<String> = (0..300).map(|number| format!("\"c{number}\":1")).collect();
        let cases = [
            (String::new().into(), TokenError::Malformed),
            ("a.b".into(), TokenError::Malformed),
            (format!("{good}.cw").into(), TokenError::Malformed),
            (format!("{good}=").into(), TokenError::Malformed),
            (good.replace('.', "..").into(), TokenError::Malformed),
            (format!("Bearer {good}").into(), TokenError::Malformed),
            (token("{}", &format!("{{\"a\":\"{}\"}}", "x".repeat(70_000)), "s"), TokenError::Malformed),
            (token("{}", &format!("{{{}}}", many.join(",")), "s"), TokenError::Malformed),
            (".".repeat(60_000).into(), TokenError::Malformed),
            (token("[]", "{}", "s"), TokenError::Json),
            (token("{}", "1", "s"), TokenError::Json),
            (token("{}", "", "s"), TokenError::Json),
            (token("{}", &nested, "s"), TokenError::Json),
            ("_w.e30.".into(), TokenError::Json),
        ];
        for (text, expected) in cases {
            let start: String = text.chars().take(60).collect();
            assert_eq!(Token::parse(&text).err(), Some(expected), "{start}");
        }
        // Without a signature it is a token, whose algorithm no policy accepts.
        assert!(Token::parse(&"e30.e30.".into()).is_ok());
    }
}
