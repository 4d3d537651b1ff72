//! A reader of DER: the encoding of keys and certificates in PEM texts. It reads only what keys need.

/// The tag of an integer.
pub(super) const INTEGER: u8 = 0x02;
/// The tag of a bit string.
pub(super) const BIT_STRING: u8 = 0x03;
/// The tag of a byte string.
pub(super) const OCTET_STRING: u8 = 0x04;
/// The tag of an object identifier.
pub(super) const OBJECT_ID: u8 = 0x06;
/// The tag of a sequence.
pub(super) const SEQUENCE: u8 = 0x30;
/// The tag of the first explicitly tagged field.
pub(super) const FIELD_0: u8 = 0xa0;

/// The unread values of a sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'d>(&'d [u8]);

impl<'d> Reader<'d> {
    pub(super) fn new(bytes: &'d [u8]) -> Reader<'d> {
        Reader(bytes)
    }

    /// The tag and the content of the next value. Lengths of more than four bytes are not supported.
    fn next(&mut self) -> Option<(u8, &'d [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    /// The content of the next value, if it has a tag. Otherwise nothing is read.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'d [u8]> {
        let mut next = *self;
        let (found, content) = next.next()?;
        if found != tag {
            return None;
        }
        *self = next;
        Some(content)
    }

    /// The values of the next value, which is a sequence.
    pub(super) fn sequence(&mut self) -> Option<Reader<'d>> {
        self.take(SEQUENCE).map(Reader)
    }

    /// The bytes of the next value, which is a positive integer, without leading zeros.
    pub(super) fn integer(&mut self) -> Option<&'d [u8]> {
        let bytes = self.take(INTEGER)?;
        if bytes.first().is_none_or(|first| first & 0x80 != 0) {
            return None;
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.get(zeros..)
    }

    /// The bytes of the next value, which is a bit string of whole bytes.
    pub(super) fn bits(&mut self) -> Option<&'d [u8]> {
        let (unused, bytes) = self.take(BIT_STRING)?.split_first()?;
        (*unused == 0).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_a_tag_and_a_length() {
        let long = [&[OCTET_STRING, 0x81, 0x80][..], &[7; 128]].concat();
        assert_eq!(Reader::new(&long).take(OCTET_STRING), Some(&[7; 128][..]));
        let bytes = [SEQUENCE, 6, INTEGER, 2, 0, 0x80, INTEGER, 0];
        let mut sequence = Reader::new(&bytes).sequence().unwrap();
        assert_eq!(sequence.take(OCTET_STRING), None);
        assert_eq!(sequence.integer(), Some(&[0x80][..]));
        assert_eq!(sequence.integer(), None, "an integer has bytes");
    }

    #[test]
    fn malformed_values_are_rejected() {
        let cases: [&[u8]; 8] = [
            &[],
            &[INTEGER],
            &[INTEGER, 1],
            &[INTEGER, 2, 1],
            &[INTEGER, 0x80, 1, 0, 0],
            &[INTEGER, 0x85, 0, 0, 0, 0, 1, 1],
            &[INTEGER, 0x84, 0xff, 0xff, 0xff, 0xff, 1],
            &[INTEGER, 1, 0x80],
        ];
        for bytes in cases {
            assert_eq!(Reader::new(bytes).integer(), None, "{bytes:?}");
        }
        assert_eq!(Reader::new(&[BIT_STRING, 2, 1, 0xfe]).bits(), None);
        assert_eq!(Reader::new(&[BIT_STRING, 0]).bits(), None);
        assert_eq!(Reader::new(&[BIT_STRING, 2, 0, 0xfe]).bits(), Some(&[0xfe][..]));
    }
}
