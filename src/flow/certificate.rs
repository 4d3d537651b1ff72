//! The subject of a certificate in Envoy's format: a distinguished name in the text form of RFC 2253.

/// The first `CN` of a subject, which is the most specific one, without escapes.
///
/// `None` without a `CN`, and when the subject is malformed before it, so that no client can pose as another.
pub(super) fn common_name(subject: &str) -> Option<String> {
    let mut rest = subject;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after.trim_start_matches(' '))?;
        if name.trim().eq_ignore_ascii_case("CN") {
            return Some(String::from_utf8_lossy(&value).into_owned());
        }
        rest = after;
    }
}

/// The value at the start of a text, and the rest after its separator.
fn value(text: &str) -> Option<(Vec<u8>, &str)> {
    let (value, rest) = match text.strip_prefix('"') {
        Some(quoted) => {
            let (value, rest) = characters(quoted, |character| character == '"')?;
            (value, rest.strip_prefix('"')?.trim_start_matches(' '))
        }
        None => characters(text, is_separator)?,
    };
    // Only a separator may follow.
    let mut rest = rest.chars();
    rest.next().is_none_or(is_separator).then_some((value, rest.as_str()))
}

/// Whether a character ends a value. `+` separates the parts of one name; `;` is the older form of the comma.
fn is_separator(character: char) -> bool {
    matches!(character, ',' | '+' | ';')
}

/// The characters before the first unescaped end of a value, and the rest from there. Trailing spaces belong to the
/// value only up to the last escaped one.
fn characters(text: &str, is_end: fn(char) -> bool) -> Option<(Vec<u8>, &str)> {
    let is_quoted = is_end('"');
    let mut value = Vec::new();
    let mut kept = 0;
    let mut rest = text;
    while let Some(character) = rest.chars().next().filter(|character| !is_end(*character)) {
        rest = rest.get(character.len_utf8()..)?;
        if character == '\\' {
            let escaped = rest.chars().next()?;
            match rest.get(..2).filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit())) {
                Some(pair) => {
                    value.push(u8::from_str_radix(pair, 16).ok()?);
                    rest = rest.get(2..)?;
                }
                None => {
                    value.extend_from_slice(escaped.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = rest.get(escaped.len_utf8()..)?;
                }
            }
            kept = value.len();
        } else {
            value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            if is_quoted || character != ' ' {
                kept = value.len();
            }
        }
    }
    value.truncate(kept);
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (subject, name) in [
            ("CN=api.example.com,OU=edge,O=Acme,C=DE", Some("api.example.com")),
            ("O=Acme,CN=api", Some("api")),
            ("C=DE, O=Acme, cn = api ", Some("api")),
            ("OU=edge+CN=api+UID=7,O=Acme", Some("api")),
            ("O=Acme;CN=api", Some("api")),
            ("CN=first,CN=second", Some("first")),
            ("CN=", Some("")),
            // Subjects that imitate another CN.
            (r"OU=x\, CN=admin,CN=client", Some("client")),
            (r"CN=/CN=client/OU=x\, CN=admin", Some("/CN=client/OU=x, CN=admin")),
            (r"OU=x\\\,CN=admin,CN=client", Some("client")),
            (r"OU=x\\,CN=client", Some("client")),
            (r"OU=x\+CN=admin,CN=client", Some("client")),
            (r"OU=x\2C CN=admin,CN=client", Some("client")),
            (r#"O="x,CN=admin",CN=client"#, Some("client")),
            (r#"O="x\",CN=admin",CN=client"#, Some("client")),
            (r"O=x=CN=admin,CN=client", Some("client")),
            (r"DCN=admin,CN=client", Some("client")),
            (r#"CN="a, b + c""#, Some("a, b + c")),
            (r#"CN=" a " ,O=x"#, Some(" a ")),
            (r#"CN=a\,b\+c\"d\\e\<f\>g\;h\#i"#, Some(r#"a,b+c"d\e<f>g;h#i"#)),
            (r"CN=J\C3\B6rg\0D\20,O=x", Some("Jörg\r ")),
            (r"CN=\ a b\  ,O=x", Some(" a b ")),
            ("CN=Jörg", Some("Jörg")),
            (r"CN=\é", Some("é")),
            (r"CN=\FF", Some("\u{fffd}")),
            ("O=Acme", None),
            ("", None),
            ("CN", None),
            ("CN=a\\", None),
            (r#"O="x,CN=admin"#, None),
            (r#"O="x"y,CN=admin"#, None),
        ] {
            assert_eq!(common_name(subject).as_deref(), name, "{subject}");
        }
    }
}
