//! `xeger`: a random text that a regular expression matches.

use crate::language::java_regex::JavaRegex;
use crate::language::java_regex::syntax::{Anchor, CharacterSet, Node};
use regex_syntax::hir::ClassUnicodeRange;

/// Maximum number of additional repetitions when the pattern has no upper limit.
const MAX_EXTRA_REPETITIONS: u32 = 10;
/// Maximum length of the text in bytes.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Maximum number of visited parts of the pattern. Each repetition counts.
const MAX_STEPS: u32 = 200_000;

/// A random text that matches the whole pattern. Characters are printable ASCII if the pattern allows it, and the
/// number of unlimited repetitions is limited. `[inferred]`
///
/// `None` for an unsupported pattern, such as one with a look-ahead, and for a text that is too long.
pub(super) fn text(pattern: &str, random: &dyn Fn(&mut [u8])) -> Option<String> {
    let pattern = JavaRegex::parse(pattern).ok()?;
    let mut writer = Writer { random, text: String::new(), steps: 0 };
    writer.write(&pattern.node)?;
    Some(writer.text)
}

struct Writer<'a> {
    random: &'a dyn Fn(&mut [u8]),
    text: String,
    steps: u32,
}

impl Writer<'_> {
    fn write(&mut self, node: &Node) -> Option<()> {
        self.steps = self.steps.saturating_add(1);
        if self.steps > MAX_STEPS || self.text.len() > MAX_TEXT_BYTES {
            return None;
        }
        match node {
            Node::Empty => {}
            Node::Character(character) => self.text.push(*character),
            Node::Set(characters) => {
                let character = self.member(characters)?;
                self.text.push(character);
            }
            Node::Sequence(parts) => parts.iter().try_for_each(|part| self.write(part))?,
            Node::Alternatives(branches) => {
                let branch = self.below(branches.len())?;
                self.write(branches.get(branch)?)?;
            }
            Node::Capture(node) => self.write(node)?,
            Node::Repeat { node, min, max, .. } => {
                let max = max.unwrap_or(min.saturating_add(MAX_EXTRA_REPETITIONS));
                let choices = usize::try_from(max.saturating_sub(*min).saturating_add(1)).ok()?;
                let more = u32::try_from(self.below(choices)?).ok()?;
                (0..min.saturating_add(more)).try_for_each(|_| self.write(node))?;
            }
            // Anchors for the start and the end add no text.
            Node::Anchor(anchor) => match anchor {
                Anchor::WordBoundary | Anchor::NoWordBoundary => return None,
                _ => {}
            },
            Node::LookAhead { .. } => return None,
        }
        Some(())
    }

    /// A random number below a limit.
    fn below(&self, limit: usize) -> Option<usize> {
        let mut bytes = [0; 8];
        (self.random)(&mut bytes);
        let number = u64::from_le_bytes(bytes).checked_rem(u64::try_from(limit).ok()?)?;
        usize::try_from(number).ok()
    }

    /// A random member of a set.
    fn member(&self, characters: &CharacterSet) -> Option<char> {
        let mut printable = characters.clone();
        printable.intersect(&CharacterSet::new([ClassUnicodeRange::new(' ', '~')]));
        let characters = if printable.ranges().is_empty() { characters } else { &printable };
        let ranges = || characters.ranges().iter().map(|range| range.start()..=range.end());
        let mut place = self.below(ranges().map(Iterator::count).sum())?;
        for mut range in ranges() {
            let count = range.clone().count();
            if place < count {
                return range.nth(place);
            }
            place = place.saturating_sub(count);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Reproducible pseudo-random bytes.
    fn sequence() -> impl Fn(&mut [u8]) {
        let state = Cell::new(0x9e37_79b9_7f4a_7c15_u64);
        move |bytes: &mut [u8]| {
            for byte in bytes {
                state.set(state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
                *byte = u8::try_from(state.get() >> 56).unwrap_or_default();
            }
        }
    }

    #[test]
    fn texts_match_their_pattern() {
        let random = sequence();
        for pattern in [
            "[A-Za-z0-9]{16}",
            "[0-9a-f]{8}-[0-9a-f]{4}",
            "",
            "abc",
            "a|b|cd",
            "(x|yz)*\\d+",
            "[^a-z]{3,5}",
            ".{4}",
            "\\p{L}\\s\\S",
            "[é-ü]+",
            "(?i)abc",
            "^a{2}$",
            "a*?b+",
            "[\\x{1F600}-\\x{1F64F}]",
            "(?s).\\W",
        ] {
            let regex = JavaRegex::compile(pattern).unwrap();
            for _ in 0..10 {
                let text = text(pattern, &random).unwrap_or_else(|| panic!("{pattern}"));
                assert!(regex.matches_whole(&text), "{pattern}: {text}");
            }
        }
        assert_ne!(text("[A-Za-z0-9]{16}", &random), text("[A-Za-z0-9]{16}", &random));
    }

    #[test]
    fn unsupported_patterns_have_no_text() {
        for pattern in
            ["(", "[a&&b]", "(?=a)a", "b++", "(a)\\1", "\\ba", "(?:a{10000}){10000}", "(?:(?:(){9999}){9999}x?){9999}"]
        {
            assert_eq!(text(pattern, &|bytes| bytes.fill(0xff)), None, "{pattern}");
        }
        assert_eq!(text(&"(".repeat(100_000), &|_| {}), None);
    }
}
