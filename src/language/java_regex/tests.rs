use super::*;

fn matches(pattern: &str, text: &str) -> bool {
    JavaRegex::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")).matches_whole(text)
}

fn replaced(text: &str, pattern: &str, replacement: &str) -> Option<String> {
    JavaRegex::compile(pattern)
        .unwrap_or_else(|error| panic!("{pattern}: {error}"))
        .replace_all(text, replacement, usize::MAX)
        .ok()
}

/// Each pattern with texts that match as a whole and texts that do not.
type Table<'a> = &'a [(&'a str, &'a [&'a str], &'a [&'a str])];

fn check(table: Table<'_>) {
    for (pattern, yes, no) in table {
        for text in *yes {
            assert!(matches(pattern, text), "{pattern} must match {text:?}");
        }
        for text in *no {
            assert!(!matches(pattern, text), "{pattern} must not match {text:?}");
        }
    }
}

/// The forms of patterns in real policies.
#[test]
fn patterns_of_real_policies() {
    check(&[
        (r"(/?)$", &["/", ""], &["/a", "//"]),
        (r".*\bid_token\b.*", &["id_token", "code id_token x", "a,id_token"], &["id_tokens", "xid_token", ""]),
        (r".*", &["", "x y"], &["a\nb"]),
        (r".+", &["x"], &["", "\n"]),
        (
            r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
            &["12345678-9abc-DEF0-1234-56789abcdef0"],
            &["12345678-9abc-DEF0-1234-56789abcdef", "12345678-9abc-DEF0-1234-56789abcdef0\n"],
        ),
        (r"/apikey/users(/.*)?", &["/apikey/users", "/apikey/users/1/2"], &["/apikey/usersx"]),
        (r"/t[0-9]+", &["/t1", "/t22"], &["/t", "/t1x"]),
        (
            r".*(^| )(urn:x:aal3:demographics-service|urn:x-cis2:aal[23]:demographics-service|d:USER-RESTRICTED)( |$).*",
            &["urn:x:aal3:demographics-service", "a urn:x-cis2:aal2:demographics-service b", "d:USER-RESTRICTED x"],
            &["aurn:x:aal3:demographics-service", "urn:x-cis2:aal4:demographics-service"],
        ),
        (
            r"/Patient/.*|/Patient\?.*|/Patient|/_poll/.*|/_status",
            &["/Patient/1", "/Patient?a=b", "/Patient", "/_status"],
            &["/Patients", "/_poll"],
        ),
        (
            r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
            &["", "YWJj", "YQ==", "YWI="],
            &["YQ=", "YWJjY", "Y-=="],
        ),
        (
            r"((application\/json)|(\*\/\*))(\s*;\s*charset=(.)+)?",
            &["application/json", "*/*", "application/json ; charset=utf-8"],
            &["application/jsonp", "application/json; charset="],
        ),
        (
            r"/register/generate-otp(/?)$",
            &["/register/generate-otp", "/register/generate-otp/"],
            &["/register/generate-otp//"],
        ),
    ]);
}

#[test]
fn classes() {
    check(&[
        (r"\d\w\s\D\W\S", &["1_ x-y"], &["x_ x-y", "٣_ x-y"]),
        (r"\w", &["a", "Z", "0", "_"], &["é", "-"]),
        (r"\s+", &[" \t\n\u{b}\u{c}\r"], &["\u{a0}", ""]),
        (r"[\d\-x]+", &["1-x"], &["y"]),
        (r"[\W]", &["é", "-"], &["a"]),
        (r"[^\W_]", &["a", "1"], &["_", "-"]),
        (r"[\w&&[^\d]]", &["a", "_"], &["1"]),
        (r"[a-z&&[def]]", &["d"], &["a", "g"]),
        (r"[a-z&&[^bc]&&[^x]]", &["a", "d"], &["b", "x", "A"]),
        (r"[^a-z&&[def]]", &["a", "A"], &["d"]),
        (r"[a-d[m-p]]", &["b", "n"], &["e"]),
        (r"[]a]+", &["]a"], &["b"]),
        (r"[^]a]", &["b"], &["]", "a"]),
        (r"[a-]", &["a", "-"], &["b"]),
        (r"[-a]", &["a", "-"], &["b"]),
        (r"[a&b]", &["&"], &["c"]),
        (r"[~~#]", &["~", "#"], &["-"]),
        (r"[+--]", &["+", ",", "-"], &["."]),
        (r"[.*$^(){}|?+]+", &[".*$^(){}|?+"], &["a"]),
        (r"[\Q^]-\E]+", &["^]-"], &["\\", "Q"]),
        (r"[a&&b]", &[], &["a", "b", ""]),
        (r"[a&&b]*c", &["c"], &["ac"]),
        (r".", &["é", "😀", "\u{b}"], &["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", ""]),
        (r"(?s).", &["\n", "\u{2028}"], &[]),
        (r"(?d).", &["\r", "\u{2028}"], &["\n"]),
        (r"\h\v", &[" \n", "\u{a0}\u{85}", "\u{202f}\u{2028}"], &["\n ", "\u{2030}\n"]),
        (r"[\H]", &["a", "\n"], &[" "]),
        (r"\R", &["\r\n", "\n", "\u{2028}"], &["\n\r"]),
        (r"\p{Alpha}\p{Upper}\p{Lower}\p{Punct}\p{XDigit}", &["aBc!f"], &["éBc!f", "abc!f", "aBc!g"]),
        (r"\P{Digit}[^\p{Space}\p{Cntrl}]", &["ab"], &["1b", "a "]),
        (r"\p{L}\pL\p{Lu}\p{IsAlphabetic}\P{L}\p{N}", &["éßÄж-٣"], &["1ßÄж-٣", "éßäж-٣"]),
        (r"\p{IsWhite_Space}\p{javaLowerCase}", &["\u{a0}é"], &["_é"]),
    ]);
}

#[test]
fn characters() {
    check(&[
        (r"\x41\x{1F600}\u0042\uD83D\uDE00\0101\cA", &["A😀B😀A\u{1}"], &[]),
        (r"\t\n\r\f\a\e", &["\t\n\r\u{c}\u{7}\u{1b}"], &[]),
        (r"\<\>\/\-\ \é\#", &["<>/- é#"], &[]),
        (r"\Qa.b*\E.", &["a.b*c"], &["axb*c"]),
        (r"\Q\d", &["\\d"], &["1"]),
        (r"\\Q", &["\\Q"], &["Q"]),
        (r"a]b}", &["a]b}"], &[]),
        (r"\0377\0478", &["ÿ'8"], &[]),
        ("é+ß", &["ééß"], &["eß"]),
    ]);
    assert!(JavaRegex::compile(r"\08").is_err());
}

#[test]
fn zero_width_positions() {
    check(&[
        (r"\Aa\z", &["a"], &["a\n"]),
        (r"a$|b\Z", &["a", "b"], &["a\n", "b\r\n"]),
        // In Java, the position before the last line terminator is also the end of the text.
        (r"a$\n", &[], &["a\n", "a"]),
        (r"a\Z\r\n", &[], &["a\r\n"]),
        (r"a\r$\n", &[], &["a\r\n"]),
        (r"(?m)a$\n^b", &["a\nb"], &["ab"]),
        (r"(?m)a$\r\n^b", &["a\r\nb"], &[]),
        (r"(?m)a\r^\nb", &[], &["a\r\nb"]),
        (r"(?m)a$\r^b", &["a\rb"], &[]),
        // In Java, no line starts at the end of the text, and more terminators end a line.
        (r"(?m)a\n^", &["a\n"], &[]),
        (r"(?m)a$\u2028b", &[], &["a\u{2028}b"]),
        (r"(?md)a\r\n^b", &["a\r\nb"], &[]),
        (r"(?md)a$\nb", &["a\nb"], &[]),
        (r"(?md)a$\rb", &[], &["a\rb"]),
        (r"(?d)a$", &["a"], &["a\n"]),
        (r"(?d)a\Z\r", &[], &["a\r"]),
        (r"a\b-\Bx?", &["a-"], &["a-x"]),
        (r"\b*a\b+$*", &["a"], &[]),
    ]);
}

#[test]
fn flags() {
    check(&[
        (r"(?i)abc[x-z]\u0041", &["ABCya", "abCZA"], &["abd"]),
        (r"a(?i)b|c", &["aB", "C"], &["AB"]),
        (r"(?:a(?i)b)c", &["aBc"], &["aBC"]),
        (r"(?i:a)b", &["Ab"], &["AB"]),
        (r"(?i)a(?-i)b", &["Ab"], &["AB"]),
        (r"(?i)[^a]", &["b"], &["a", "A"]),
        (r"(?i)é", &["é"], &["É"]),
        (r"(?i)k", &["K"], &["\u{212a}"]),
        (r"(?i)\p{Lower}\P{Lower}", &["A1"], &["AA"]),
        ("(?x) a b # comment |\n [ c d ] \\  (?-x) ", &["abd  "], &["ab"]),
        (r"(?ism)A.b", &["a\nB"], &[]),
        (r"(?s-i)a.b", &["a\nb"], &[]),
        (r"(?-)a", &["a"], &[]),
    ]);
}

#[test]
fn groups_and_repetition() {
    check(&[
        (r"a|ab", &["a", "ab"], &["b"]),
        (r"(a|)(b|)", &["", "ab"], &["ba"]),
        (r"()*(?:)+x{0}(?:|a)*", &["", "aa"], &["b"]),
        (r"(?:a|)*b", &["ab", "b"], &["a"]),
        (r"a{2}b{1,}c{0,1}", &["aab", "aabbc"], &["ab", "aabcc"]),
        (r"a*?b+?c??", &["aabbc"], &[]),
        (r"(?<word>\w+) (?<other>\w+)", &["a bb"], &["a"]),
    ]);
}

#[test]
fn look_aheads_at_the_start() {
    check(&[
        (r"^(?=.*[0-9])(?!admin).{8,}$", &["abcdefg1", "xadmin12"], &["abcdefgh", "abc1", "admin1234", "1\n2345678"]),
        (r"(?=.*\d)(?=.*[a-z]).{4,8}", &["abc1"], &["abcd", "abc", "abcdefgh1"]),
        (r"(?!admin).*", &["user", ""], &["admin", "admin1"]),
        (r"(?!admin$).*", &["user", "admin1"], &["admin"]),
        (r"(?!.*\.\.)(?!.*\.$)[^\W][\w.]{0,29}", &["a.b", "a"], &["a..b", "a.", ".a"]),
        (r"(?=a|bc)[a-c]*", &["a", "abc", "bca"], &["ba", ""]),
        (r"\A(?=a)\b(?!ab)^a.", &["ac"], &["ab", "a"]),
        (r"(?i)^(?!ADMIN|root)\w+", &["user"], &["Admin", "rooted"]),
        (r"(?s)(?=.*x).+", &["a\nx"], &["a\ny"]),
        (r"^((?!.*--)[a-z-]+)$", &["a-b"], &["a--b"]),
        (r"(?=(a)(?:b))(\w)+", &["abc"], &["ac"]),
        (r"(?=a)*(?!b)+[ab]", &["a"], &["b"]),
        (r"(?=a)", &[], &["", "a"]),
        (r"(?!a)", &[""], &["a"]),
    ]);
    for (text, pattern, replacement, result) in [
        ("a1", "^(?=.*[0-9])[a-z]", "x", Some("x1")),
        ("ab", "^(?=.*[0-9])[a-z]", "x", Some("ab")),
        ("aaa", r"(?!b)\Aa", "<$0>", Some("<a>aa")),
        ("ab", "^(?!b)(.)(.)", "$2$1", Some("ba")),
        ("ab", "^(?!b)(.)(.)", "$3", None),
        ("ab", "(?!b).", "x", None),
        ("ab", "(?m)^(?!b).", "x", None),
        ("ab", "^(?=(a)).", "$1$1", None),
    ] {
        assert_eq!(replaced(text, pattern, replacement).as_deref(), result, "{text} {pattern} {replacement}");
    }
}

#[test]
fn errors_name_the_construct() {
    for (pattern, reason) in [
        ("(", "unclosed group"),
        ("a)", "unmatched `)`"),
        ("[a", "unmatched `[`"),
        ("[]", "unmatched `[`"),
        ("[z-a]", "invalid range after `z-`"),
        ("*a", "nothing to repeat before `*`"),
        ("a**", "nothing to repeat before `*`"),
        ("a{2}{3}", "nothing to repeat before `{`"),
        ("(?i)+", "nothing to repeat before `+`"),
        ("{", "nothing to repeat before `{`"),
        ("a{,3}", "invalid repetition `{,3}`: the largest count is 10000"),
        ("a{3,1}", "invalid repetition `{3,1}`"),
        ("a{99999}", "invalid repetition `{99999}`: the largest count is 10000"),
        ("a\\", "`\\` at the end"),
        ("(?U)a", "the flag `U` is not supported"),
        ("(?iu)a", "the flag `u` is not supported"),
        ("(?P<n>a)", "unknown group syntax `(?P`"),
        ("(?<1>a)", "invalid group name `1`"),
        ("(?<n>a)(?<n>b)", "invalid group name `n`"),
        (r"\Ga", "`\\G` is not supported"),
        (r"\X", "`\\X` is not supported"),
        (r"\y", "`\\y` is not supported"),
        (r"[\b]", "`\\b` is not supported"),
        (r"\b{g}", "`\\b{…}` is not supported"),
        (r"\N{DASH}", "`\\N` is not supported"),
        (r"\p{IsLatin}", "the class `\\p{IsLatin}` is not supported"),
        (r"\p", "the class `\\p{}` is not supported"),
        (r"([a-z]+)-\1", "back-references are not supported"),
        (r"(?<word>\w+) \k<word>", "back-references are not supported"),
        (r".*(?<!x)", "look-behind is not supported"),
        (r".*(?<=a|bc)", "look-behind is not supported"),
        (r"(?>a|ab)c", "atomic groups are not supported"),
        (r"a*+a", "possessive repetition is not supported"),
        (r"a{1,2}+a", "possessive repetition is not supported"),
        (r"a(?=b)", "look-ahead is supported only at the start"),
        (r"((?!b).)*", "look-ahead is supported only at the start"),
        (r"(?!a)b|c", "look-ahead is supported only at the start"),
        (r"(?:a|(?=b))*b", "look-ahead is supported only at the start"),
        (r"(?=.*(?!b)c).*", "look-ahead is supported only at the start"),
        (r"\xZZ", "`\\x` with an invalid character code"),
        (r"\x{110000}", "`\\x` with an invalid character code"),
        (r"\ud83d", "`\\u` with an invalid character code"),
        (r"((a{1000}){1000}){1000}", "repetitions of repetitions"),
        (r"(a{400}b{400}){100}(c{400}d{400}e{400}){250}", "it is too large"),
        (r"(?=a{9000})".repeat(40).as_str(), "it is too large"),
    ] {
        let error = JavaRegex::compile(pattern).unwrap_err().to_string();
        assert_eq!(error, format!("invalid regular expression: {reason}"), "{pattern}");
    }
}

#[test]
fn replacements() {
    for (text, pattern, replacement, result) in [
        ("a-b-c", "-", "+", Some("a+b+c")),
        ("2024-05-06", r"(\d+)-(\d+)-(\d+)", "$3.$2.$1", Some("06.05.2024")),
        ("ab", "(a)(b)", "$0${y}", None),
        ("ab", "(?<x>a)(b)", "${x}$2$11\\$1\\\\", Some("aba1$1\\")),
        ("ab", "(a)|(b)", "[$1$2]", Some("[a][b]")),
        ("ab", "(a)|(b)", "<$1>", Some("<a><>")),
        ("abc", "x*", "-", Some("-a-b-c-")),
        ("aaa", "a*", "X", Some("XX")),
        ("é😀", "", "-", Some("-é-😀-")),
        ("", "", "x", Some("x")),
        ("a b\tc", r"\s", "", Some("abc")),
        ("a", "a", "$", None),
        ("a", "a", "\\", None),
        ("a", "a", "$1", None),
        ("a", "a", "$x", None),
        ("a", "b", "$", Some("a")),
        ("a,b", "^|,", "/", Some("/a/b")),
        ("x1y22", r"\B\d", "#", Some("x#y##")),
        ("Hello", "(?i)h|L", "_", Some("_e__o")),
        ("a\r\nb", "(?m)$", ";", Some("a;\r\nb;")),
        ("a\r\nb", "(?m)^", "> ", Some("> a\r\n> b")),
        (" a  b ", r"^\s+|\s+$", "", Some("a  b")),
    ] {
        assert_eq!(replaced(text, pattern, replacement).as_deref(), result, "{text} {pattern} {replacement}");
    }
    let first = JavaRegex::compile("a+").unwrap();
    assert_eq!(first.replace_first("baab aa", "<$0>", 100).as_deref(), Ok("b<aa>b aa"));
    assert_eq!(first.replace_first("b", "$9", 100).as_deref(), Ok("b"));
    assert_eq!(first, first.clone());
    assert_eq!(format!("{first:?}"), "JavaRegex(\"a+\")");
}

#[test]
fn deep_and_long_patterns_are_rejected() {
    let deep = 100_000;
    for unit in ["(", "(?:", "(?=", "(?>", "[", "[^", "(?i:", "((?i)", "\\", "[a&&"] {
        assert!(JavaRegex::compile(&unit.repeat(deep)).is_err(), "{unit}");
        assert!(JavaRegex::compile(&unit.repeat(deep / 50)).is_err() || unit == "\\", "{unit}");
    }
    for (start, end) in [("(", ")"), ("(?:", ")*"), ("(", ")+"), ("[", "]"), ("(?=", ")")] {
        let pattern = |levels: usize| format!("{}a{}", start.repeat(levels), end.repeat(levels));
        let _ = JavaRegex::compile(&pattern(parser::MAX_LEVELS));
        assert!(JavaRegex::compile(&pattern(parser::MAX_LEVELS + 1)).is_err(), "{start}");
        assert!(JavaRegex::compile(&pattern(2000)).is_err(), "{start}");
    }
    assert!(matches(&"(".repeat(20).chars().chain("a".chars()).chain(")".repeat(20).chars()).collect::<String>(), "a"));
    for pattern in [r"\p{L}".repeat(3000), ".{10000}".repeat(10), "(".repeat(8000) + &")".repeat(8000)] {
        assert!(JavaRegex::compile(&pattern).is_err());
    }
    let _ = JavaRegex::compile(&r"[\p{L}\P{L}]".repeat(1000));
    let _ = JavaRegex::compile(&"a|".repeat(8000));
    let _ = JavaRegex::compile(&"()".repeat(8000));
    let _ = JavaRegex::compile(&"(?=a)".repeat(3000));
    let _ = JavaRegex::compile(r"(?:(?=a)b){10000}");
}

#[test]
fn catastrophic_patterns_end() {
    let text = "a".repeat(100_000);
    for pattern in [r"(a+)+b", r"(a|a)*b", r"(a|aa)+$b", r"(?=(a+)+b).*", r"(?:a*)*b", r"(a*?)*?b", r"(.*)*,(.*)*"] {
        assert!(!matches(pattern, &text), "{pattern}");
        let _ = JavaRegex::compile(pattern).unwrap().replace_all(&text, "x", usize::MAX);
    }
    let long = "A".repeat(2 * 1024 * 1024);
    assert!(!matches(".*", &long));
    assert_eq!(replaced(&long, "A", "B"), None);
    // Bounded steps.
    assert!(matches("(?:a|b){0,5000}", &"a".repeat(5_000)));
    assert!(!matches("(?:a|b)*a{0,9999}", &text));
    // Bounded output.
    assert_eq!(replaced(&text, "", &"x".repeat(10_000)), None);
}

#[test]
fn replacements_take_linear_time_or_are_rejected() {
    let text = "lorem ipsum\r\n".repeat(20_000);
    for pattern in [
        r"\s",
        r"([\s])+",
        "\r\n|\n",
        r"\A.|o{2,9}",
        r"\b[a-z]+",
        r"\s+$",
        "l[^m]*m",
        r"(?:e|o).*?\r",
        r"(?:\s|,)+",
        r"i(?:p|x)s(?:u.*)?",
        r"(?s)(m)\s*",
    ] {
        let result = replaced(&text, pattern, "").unwrap_or_else(|| panic!("{pattern}"));
        assert!(result.len() < text.len(), "{pattern}");
    }
    for pattern in [r"[a-z]*\d|[a-z]", "l(?:.*x)?", r"(?:ip?s?|[^x\n]*x)u?"] {
        assert_eq!(replaced(&text, pattern, ""), None, "{pattern}");
    }
    // Few matches take few steps.
    assert_eq!(replaced(&text, r"(?s)\Al(?:.*x)?", "").map(|result| result.len()), Some(text.len() - 1));
}

#[test]
fn errors_of_a_use_name_the_construct() {
    let look_ahead = "look-ahead in replacements is supported only next to `^` and without groups";
    for (pattern, replacing, making) in [
        ("[a-z]+", None, None),
        ("^(?=.*[0-9])[a-z]", None, Some("no text can be generated for look-ahead")),
        ("(?!b).", Some(look_ahead), Some("no text can be generated for look-ahead")),
        ("^(?=(a)).", Some(look_ahead), Some("no text can be generated for look-ahead")),
        (r"(x|(\ba))+", None, Some(r"no text can be generated for `\b` and `\B`")),
        ("a|[a&&b]", None, Some("empty character class")),
        ("(", Some("unclosed group"), Some("unclosed group")),
    ] {
        let message = |reason: Option<&str>| reason.map(|reason| format!("invalid regular expression: {reason}"));
        let rejected = JavaRegex::for_replacing(pattern).err().map(|error| error.to_string());
        assert_eq!(rejected, message(replacing), "{pattern}");
        let rejected = JavaRegex::check_for_making(pattern).err().map(|error| error.to_string());
        assert_eq!(rejected, message(making), "{pattern}");
    }
}
