//! Java's properties files: Apigee's property sets.

/// The keys and values of a file in the order of the file.
pub(super) fn parse(text: &str) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = line.to_owned();
        // An odd number of backslashes at the end continues a line.
        while logical.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1 {
            logical.pop();
            logical.push_str(lines.next().unwrap_or_default().trim_start());
        }
        entries.push(entry(&logical));
    }
    entries
}

/// Splits a line at the first `=`, `:` or space without a backslash before it.
fn entry(line: &str) -> (String, String) {
    let mut is_escaped = false;
    let end = line.find(|c: char| {
        let ends = !is_escaped && (matches!(c, '=' | ':') || c.is_whitespace());
        is_escaped = c == '\\' && !is_escaped;
        ends
    });
    let (key, rest) = end.and_then(|end| line.split_at_checked(end)).unwrap_or((line, ""));
    let rest = rest.trim_start();
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    (unescape(key), unescape(value))
}

fn unescape(text: &str) -> String {
    let mut result = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            result.push(c);
            continue;
        }
        match characters.next() {
            Some('t') => result.push('\t'),
            Some('n') => result.push('\n'),
            Some('r') => result.push('\r'),
            Some('f') => result.push('\u{c}'),
            Some('u') => {
                let digits: String = characters.by_ref().take(4).collect();
                let decoded = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                result.push(decoded.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => result.push(other),
            None => {}
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_property_is_parsed() {
        let cases = [
            ("a=1", ("a", "1")),
            ("  a : 1 2 ", ("a", "1 2 ")),
            ("a 1", ("a", "1")),
            ("a", ("a", "")),
            ("a\\ b\\=c = d", ("a b=c", "d")),
            ("url = https://a.example.com/x?y=z", ("url", "https://a.example.com/x?y=z")),
            ("a = one, \\\n    two", ("a", "one, two")),
            ("a = \\u00e9\\t\\\\", ("a", "é\t\\")),
        ];
        for (text, (key, value)) in cases {
            assert_eq!(parse(text), [(key.to_owned(), value.to_owned())], "{text}");
        }
        assert_eq!(parse("# a=1\n\n! b=2\r\n"), []);
    }
}
