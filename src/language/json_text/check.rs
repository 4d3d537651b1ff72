//! The pass that checks a document and finds the containers to index.

use super::skips::{INDEX_LOOKUP_STEPS, MIN_INDEXED_STEPS};

/// Maximum number of nested arrays and objects.
const MAX_LEVELS: usize = 127;

/// The state of the pass.
#[derive(Debug)]
pub(super) struct Check<'t> {
    bytes: &'t [u8],
    at: usize,
    /// Start and end of the containers to index, in bytes.
    containers: Vec<(u32, u32)>,
    pub(super) values: usize,
    pub(super) depth: usize,
}

impl<'t> Check<'t> {
    pub(super) fn new(text: &'t str) -> Check<'t> {
        Check { bytes: text.as_bytes(), at: 0, containers: Vec::new(), values: 0, depth: 0 }
    }

    pub(super) fn into_containers(self) -> Vec<(u32, u32)> {
        self.containers
    }

    /// Checks the whole text and returns the offset of its value. `None` for a text that is not JSON.
    pub(super) fn document(&mut self) -> Option<usize> {
        self.space();
        let root = self.at;
        self.value(1)?;
        self.space();
        (self.at == self.bytes.len()).then_some(root)
    }

    /// Checks a value and returns the number of its bytes that the index skips.
    fn value(&mut self, level: usize) -> Option<usize> {
        self.values = self.values.saturating_add(1);
        self.depth = self.depth.max(level);
        match self.peek()? {
            b'"' => self.string()?,
            b'[' | b'{' => return self.container(level),
            b't' => self.word(b"true")?,
            b'f' => self.word(b"false")?,
            b'n' => self.word(b"null")?,
            _ => self.number()?,
        }
        Some(0)
    }

    fn container(&mut self, level: usize) -> Option<usize> {
        if level > MAX_LEVELS {
            return None;
        }
        let start = self.at;
        let close = if self.take()? == b'{' { b'}' } else { b']' };
        let mut skipped = 0_usize;
        self.space();
        if !self.eat(close) {
            loop {
                if close == b'}' {
                    self.string()?;
                    self.space();
                    self.expect(b':')?;
                    self.space();
                }
                skipped = skipped.saturating_add(self.value(level.saturating_add(1))?);
                self.space();
                if self.eat(close) {
                    break;
                }
                self.expect(b',')?;
                self.space();
            }
        }
        let length = self.at.saturating_sub(start);
        if length.saturating_sub(skipped) < MIN_INDEXED_STEPS {
            return Some(skipped);
        }
        self.containers.push((u32::try_from(start).ok()?, u32::try_from(self.at).ok()?));
        Some(length.saturating_sub(INDEX_LOOKUP_STEPS))
    }

    fn string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            let rest = self.bytes.get(self.at..)?;
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
            self.at = self.at.saturating_add(plain);
            match self.take()? {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        match self.take()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => match self.unit()? {
                0xd800..=0xdbff => {
                    self.word(b"\\u")?;
                    matches!(self.unit()?, 0xdc00..=0xdfff).then_some(())
                }
                0xdc00..=0xdfff => None,
                _ => Some(()),
            },
            _ => None,
        }
    }

    /// The four digits of a `\u`.
    fn unit(&mut self) -> Option<u32> {
        (0..4).try_fold(0_u32, |unit, _| {
            let digit = char::from(self.take()?).to_digit(16)?;
            unit.checked_mul(16)?.checked_add(digit)
        })
    }

    fn number(&mut self) -> Option<()> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at = self.at.saturating_add(1);
        }
        (self.at > start).then_some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        word.iter().try_for_each(|byte| self.expect(*byte))
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at = self.at.saturating_add(1);
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(byte)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at = self.at.saturating_add(usize::from(is_next));
        is_next
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.eat(byte).then_some(())
    }
}
