//! PEM: the text form of keys and certificates (RFC 7468).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A block of a PEM text.
#[derive(Debug, PartialEq)]
pub(super) struct Block<'t> {
    /// The label, such as `PUBLIC KEY`.
    pub(super) label: &'t str,
    /// The DER encoding.
    pub(super) der: Vec<u8>,
}

/// The first block with one of these labels. Other blocks and the text around them are skipped.
pub(super) fn block<'t>(text: &'t str, labels: &[&str]) -> Option<Block<'t>> {
    let mut rest = text;
    loop {
        let (_, start) = rest.split_once("-----BEGIN ")?;
        let (label, body) = start.split_once("-----")?;
        let (body, after) = body.split_once("-----END ")?;
        if labels.contains(&label) {
            let digits: String = body.chars().filter(|character| !character.is_ascii_whitespace()).collect();
            return Some(Block { label, der: STANDARD.decode(digits).ok()? });
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_found_by_its_label() {
        let text = "text\n-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n  -----BEGIN A KEY-----\r\n AQ\n I=
            -----END A KEY-----\n";
        let found = block(text, &["A KEY", "B KEY"]);
        assert_eq!(found, Some(Block { label: "A KEY", der: vec![1, 2] }));
        assert_eq!(block(text, &["B KEY"]), None);
        for text in
            ["", "-----BEGIN A KEY-----", "-----BEGIN A KEY-----AQI=", "-----BEGIN A KEY-----!-----END A KEY-----"]
        {
            assert_eq!(block(text, &["A KEY"]), None, "{text}");
        }
    }
}
