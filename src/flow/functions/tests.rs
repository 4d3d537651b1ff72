use super::*;

mod dates;
mod digests;

/// Calls a function with random bytes that are all `0xA5`.
fn run(function: &str, arguments: &[&str]) -> Option<String> {
    bounded(function, arguments, usize::MAX).unwrap()
}

/// Calls a function with a maximum size of the result in bytes.
fn bounded(function: &str, arguments: &[&str], max_bytes: usize) -> Result<Option<String>, TooLarge> {
    let arguments: Vec<ByteString> = arguments.iter().map(|text| ByteString::from(*text)).collect();
    let result = call(Function::parse(function).unwrap(), &arguments, &|bytes| bytes.fill(0xa5), max_bytes);
    result.map(|text| text.map(String::from))
}

/// Checks rows of a function, its arguments and its expected result.
fn check(rows: &[(&str, &[&str], Option<&str>)]) {
    for (function, arguments, expected) in rows {
        assert_eq!(run(function, arguments).as_deref(), *expected, "{function}{arguments:?}");
    }
}

#[test]
fn no_function_panics_on_unusual_arguments() {
    let texts = ["", "'", "ä€😀", "-1", "9223372036854775808", "-9223372036854775808", "%\\\0\u{ffff}"];
    for function in Function::ALL {
        assert_eq!(
            call(*function, &[], &|_| {}, usize::MAX).unwrap().is_some(),
            function.argument_counts().0 == 0,
            "{function}"
        );
        for text in texts {
            for other in texts {
                for count in 0..=5 {
                    let mut arguments = vec![ByteString::from(text); count];
                    arguments.insert(count / 2, other.into());
                    call(*function, &arguments, &|bytes| bytes.fill(0xff), usize::MAX).unwrap();
                }
            }
        }
    }
}

#[test]
fn results_have_a_maximum_size() {
    // Each result has exactly the maximum size, and one byte less is an error.
    let rows: [(&str, &[&str], &str); 19] = [
        ("encodeBase64", &["abcd"], "YWJjZA=="),
        ("decodeBase64", &["////"], "\u{fffd}\u{fffd}\u{fffd}"),
        ("toUpperCase", &["\u{390}a"], "\u{399}\u{308}\u{301}A"),
        ("toLowerCase", &["\u{130}A"], "i\u{307}a"),
        ("substring", &["abcdef", "2", "4"], "cd"),
        ("escapeJSON", &["a\u{1}\"\n"], "a\\u0001\\\"\\n"),
        ("escapeXML", &["a<'"], "a&lt;&apos;"),
        ("escapeXML11", &["a\u{1}\0<"], "a&#1;&lt;"),
        ("encodeHTML", &["a<'"], "a&lt;&#39;"),
        ("replaceAll", &["aXbX", "X", "-----"], "a-----b-----"),
        ("replaceAll", &["aXbX", "X", "[$0]"], "a[X]b[X]"),
        ("replaceFirst", &["aXbX", "X", "-----"], "a-----bX"),
        ("replaceFirst", &["aXbX", "Y", "-----"], "aXbX"),
        ("sha1Hex", &["abc"], "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "xeger",
            &["a{100}"],
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
        ("jsonPath", &["$.a", "{\"a\": \"text\"}"], "text"),
        ("jsonPath", &["$..*", "[[1,2]]", "true"], "[[1,2],1,2]"),
        ("xpath", &["//a", "<r><a>1</a><a>2</a></r>"], "<a>1</a><a>2</a>"),
        ("createUuid", &[], "a5a5a5a5-a5a5-45a5-a5a5-a5a5a5a5a5a5"),
    ];
    for (function, arguments, expected) in rows {
        // The limit also applies to the working memory of a replacement.
        let max_bytes = expected.len().max(if function.starts_with("replace") { 100 } else { 0 });
        assert_eq!(bounded(function, arguments, max_bytes), Ok(Some(expected.to_owned())), "{function}{arguments:?}");
        assert_eq!(bounded(function, arguments, expected.len() - 1), Err(TooLarge), "{function}{arguments:?}");
    }
    assert_eq!(bounded("timeFormatUTC", &["zzzz", "0"], 32), Ok(Some("Coordinated Universal Time".to_owned())));
    assert_eq!(bounded("timeFormatUTC", &["zzzz", "0"], 31), Err(TooLarge));
}

/// Each match and each group has a long replacement.
#[test]
fn a_replacement_does_not_multiply() {
    let text = "a".repeat(20_000);
    for (replacement, pattern) in [(&text, "a"), (&"$0".repeat(20_000), "a+")] {
        assert_eq!(bounded("replaceAll", &[&text, pattern, replacement], 4 << 20), Err(TooLarge));
        assert_eq!(bounded("replaceAll", &[&text, pattern, replacement], 64 << 20), Ok(None));
    }
    // The result is empty, but the work is limited too.
    assert_eq!(bounded("replaceAll", &[&text, "a(b?)", &"$1".repeat(20_000)], 64 << 20), Ok(None));
}

#[test]
fn substrings() {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    check(&[
        ("substring", &[ALPHABET, "22"], Some("WXYZ")),
        ("substring", &[ALPHABET, "-4"], Some("WXYZ")),
        ("substring", &[ALPHABET, "-8", "-4"], Some("STUV")),
        ("substring", &[ALPHABET, "0", "10"], Some("ABCDEFGHIJ")),
        ("substring", &[ALPHABET, "+1", "3"], Some("BC")),
        ("substring", &[ALPHABET, "20", "-4"], Some("UV")),
        ("substring", &[ALPHABET, "-100", "3"], Some("ABC")),
        ("substring", &[ALPHABET, "24", "100"], Some("YZ")),
        ("substring", &[ALPHABET, "26"], Some("")),
        ("substring", &[ALPHABET, "5", "5"], Some("")),
        ("substring", &[ALPHABET, "6", "5"], Some("")),
        ("substring", &[ALPHABET, "-9223372036854775808", "9223372036854775807"], Some(ALPHABET)),
        ("substring", &[ALPHABET, "9223372036854775807"], Some("")),
        ("substring", &[ALPHABET, "9223372036854775808"], None),
        ("substring", &[ALPHABET, ""], None),
        ("substring", &[ALPHABET, "a"], None),
        ("substring", &[ALPHABET, "1.5"], None),
        ("substring", &[ALPHABET, "0", ""], None),
        ("substring", &["", "0"], Some("")),
        ("substring", &["aä€😀z", "1", "4"], Some("ä€😀")),
        ("substring", &["aä€😀z", "-2"], Some("😀z")),
    ]);
}

#[test]
fn upper_and_lower_case() {
    check(&[
        ("toUpperCase", &["Foo-ä1"], Some("FOO-Ä1")),
        ("toUpperCase", &["straße"], Some("STRASSE")),
        ("toUpperCase", &[""], Some("")),
        ("toLowerCase", &["Foo-Ä1"], Some("foo-ä1")),
    ]);
}

#[test]
fn base64() {
    check(&[
        ("encodeBase64", &[""], Some("")),
        ("encodeBase64", &["foob"], Some("Zm9vYg==")),
        ("encodeBase64", &["fooba"], Some("Zm9vYmE=")),
        ("encodeBase64", &["foobar"], Some("Zm9vYmFy")),
        ("encodeBase64", &["ÿþ>?"], Some("w7/Dvj4/")),
        ("decodeBase64", &[""], Some("")),
        ("decodeBase64", &["Zm9vYg=="], Some("foob")),
        ("decodeBase64", &["Zm9vYg"], Some("foob")),
        ("decodeBase64", &["Zm9vYh=="], Some("foob")),
        ("decodeBase64", &["w7/Dvj4/"], Some("ÿþ>?")),
        // Base64URL, a lone digit, white space.
        ("decodeBase64", &["w7_Dvj4_"], None),
        ("decodeBase64", &["-_-_"], None),
        ("decodeBase64", &["Z"], None),
        ("decodeBase64", &["Zm9v Yg=="], None),
        ("decodeBase64", &["Zm9v\nYg=="], None),
        ("decodeBase64", &["ä"], None),
        // Not UTF-8.
        ("decodeBase64", &["Yf9i"], Some("a\u{fffd}b")),
    ]);
}

#[test]
fn escapes() {
    const ALL_FIVE: &str = r#"<a b="c">'&'</a>"#;
    check(&[
        ("escapeJSON", &[r#"say "hi" \o/"#], Some(r#"say \"hi\" \\o/"#)),
        ("escapeJSON", &["\n\t\r\u{8}\u{c}"], Some(r"\n\t\r\b\f")),
        ("escapeJSON", &["\0\u{1}\u{1f}\u{7f}ä€😀"], Some("\\u0000\\u0001\\u001f\u{7f}ä€😀")),
        ("escapeJSON", &[""], Some("")),
        ("escapeJSON", &["\""], Some("\\\"")),
        ("escapeXML", &[ALL_FIVE], Some("&lt;a b=&quot;c&quot;&gt;&apos;&amp;&apos;&lt;/a&gt;")),
        ("escapeXML", &["&amp;ä\u{1}\u{85}"], Some("&amp;amp;ä\u{1}\u{85}")),
        ("escapeXML11", &[ALL_FIVE], Some("&lt;a b=&quot;c&quot;&gt;&apos;&amp;&apos;&lt;/a&gt;")),
        ("escapeXML11", &["a\0b\u{fffe}c\u{ffff}d"], Some("abcd")),
        ("escapeXML11", &["\u{1}\u{8}\t\n\u{b}\u{c}\r\u{e}\u{1f}"], Some("&#1;&#8;\t\n&#11;&#12;\r&#14;&#31;")),
        ("escapeXML11", &["\u{7e}\u{7f}\u{84}\u{85}\u{86}\u{9f}\u{a0}"], Some("~&#127;&#132;\u{85}&#134;&#159;\u{a0}")),
        (
            "escapeXML11",
            &["\u{d7ff}\u{e000}\u{fffd}\u{10000}\u{10ffff}"],
            Some("\u{d7ff}\u{e000}\u{fffd}\u{10000}\u{10ffff}"),
        ),
        ("encodeHTML", &[ALL_FIVE], Some("&lt;a b=&quot;c&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;")),
        ("encodeHTML", &["é\u{1}"], Some("é\u{1}")),
    ]);
}

#[test]
fn random_values() {
    assert_eq!(run("createUuid", &[]).unwrap(), "a5a5a5a5-a5a5-45a5-a5a5-a5a5a5a5a5a5");
    check(&[
        ("randomLong", &["7", "7"], Some("7")),
        ("randomLong", &["9223372036854775807"], Some("9223372036854775807")),
        ("randomLong", &["2", "1"], None),
        ("randomLong", &["9223372036854775807", "-9223372036854775808"], None),
        ("randomLong", &[""], None),
        ("randomLong", &["1", ""], None),
        ("randomLong", &["x"], None),
        ("randomLong", &["1", "9223372036854775808"], None),
    ]);
}

#[test]
fn random_numbers_are_within_their_limits() {
    // The random bytes are the numbers 0 to 6, which result in three numbers, each at least twice.
    let run = |arguments: &[&str], low: u8| {
        let arguments: Vec<ByteString> = arguments.iter().map(|text| ByteString::from(*text)).collect();
        let random = |bytes: &mut [u8]| {
            bytes.fill(0);
            *bytes.first_mut().unwrap() = low;
        };
        call(Function::RandomLong, &arguments, &random, usize::MAX).unwrap().unwrap()
    };
    let numbers: Vec<ByteString> = (0..=6).map(|low| run(&["-1", "1"], low)).collect();
    assert_eq!(numbers, ["-1", "0", "1", "-1", "0", "1", "-1"]);
    assert_eq!(run(&[], 0), "0");
    assert_eq!(run(&["10"], 3), "13");
    assert_eq!(run(&["-9223372036854775808", "9223372036854775807"], 0), "-9223372036854775808");
    for byte in 0..=255 {
        let random = |bytes: &mut [u8]| bytes.fill(byte);
        assert!(call(Function::RandomLong, &[], &random, usize::MAX).unwrap().unwrap().parse::<i64>().unwrap() >= 0);
        let arguments = ["-3".into(), "10".into()];
        assert!(
            (-3..=10).contains(
                &call(Function::RandomLong, &arguments, &random, usize::MAX).unwrap().unwrap().parse().unwrap()
            )
        );
    }
}

#[test]
fn first_non_null_returns_its_first_argument() {
    check(&[("firstnonnull", &["", "b"], Some("")), ("firstnonnull", &["a"], Some("a"))]);
}
