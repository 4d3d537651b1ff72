use super::{check, run};

#[test]
fn seconds_and_milliseconds() {
    check(&[
        ("timeFormatUTC", &["yyyy-MM-dd", "1494390266"], Some("2017-05-10")),
        ("timeFormat", &["yyyy-MM-dd HH:mm:ss", "1494390266"], Some("2017-05-10 04:24:26")),
        ("timeFormatUTCMs", &["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "1494390266070"], Some("2017-05-10T04:24:26.070Z")),
        ("timeFormatMs", &["s.S", "1494390266070"], Some("26.70")),
        ("timeFormatMs", &["HH:mm:ss.SSS", "-1"], Some("23:59:59.999")),
        ("timeFormat", &["yyyy HH:mm:ss.SSS", "-1"], Some("1969 23:59:59.000")),
        ("timeFormat", &["yyyy", "+0"], Some("1970")),
        ("timeFormat", &["", "0"], Some("")),
        ("timeFormat", &["yyyy", ""], None),
        ("timeFormat", &["yyyy", "1.5"], None),
        ("timeFormat", &["yyyy", "abc"], None),
        ("timeFormat", &["yyyy", " 1"], None),
        ("timeFormat", &["", "x"], None),
        ("timeFormat", &["yyyy", "9223372036854775807"], None),
        ("timeFormat", &["yyyy", "-9223372036854775808"], None),
        ("timeFormatMs", &["yyyy", "9223372036854775807"], None),
        ("timeFormatMs", &["yyyy", "-9223372036854775808"], None),
        ("timeFormatMs", &["yyyy", "9223372036854775808"], None),
        // Milliseconds given as seconds: the year 49325.
        ("timeFormat", &["yyyy", "1494390266000"], None),
        ("timeFormat", &["yyyy-MM-dd", "253402207200"], Some("9999-12-30")),
    ]);
}

#[test]
fn letters() {
    // Sunday 29 August 2021 in week 36, the fifth Sunday of the month, at five seconds past midnight.
    let rows = [
        ("G GGGG", "AD AD"),
        ("y yy yyy yyyy yyyyyy", "2021 21 2021 2021 002021"),
        ("Y YY YYYY", "2021 21 2021"),
        ("M MM MMM MMMM MMMMM", "8 08 Aug August August"),
        ("L LL LLL LLLL", "8 08 Aug August"),
        ("w ww W WW", "36 36 5 05"),
        ("D DDDD d ddd F FF", "241 0241 29 029 5 05"),
        ("E EEE EEEE EEEEE u uu", "Sun Sun Sunday Sunday 7 07"),
        ("a aaaa H HH k kk K KK h hh", "AM AM 0 00 24 24 0 00 12 12"),
        ("m mm s ss S SSS SSSS", "0 00 5 05 0 000 0000"),
        ("z zzz zzzz Z ZZZZZ X XX XXX", "UTC UTC Coordinated Universal Time +0000 +0000 Z Z Z"),
    ];
    for (pattern, expected) in rows {
        assert_eq!(run("timeFormatUTC", &[pattern, "1630195205"]).as_deref(), Some(expected), "{pattern}");
    }
    check(&[
        ("timeFormatUTC", &["a H k K h", "1630238405"], Some("PM 12 12 0 12")),
        ("timeFormatUTC", &["EEE, d MMM yyyy HH:mm:ss Z", "1494390266"], Some("Wed, 10 May 2017 04:24:26 +0000")),
    ]);
}

#[test]
fn literal_text() {
    let rows = [
        ("yyyy'T'", Some("2021T")),
        ("'yyyy'yyyy", Some("yyyy2021")),
        ("h 'o''clock' a", Some("12 o'clock AM")),
        ("''yy''", Some("'21'")),
        ("'a''''b'", Some("a''b")),
        ("''''", Some("''")),
        ("'äT€'", Some("äT€")),
        ("yyyy/MM.dd_HH,mm äß😀0", Some("2021/08.29_00,00 äß😀0")),
        ("yyyy'T", None),
        ("'", None),
        ("'''", None),
        ("yyyyT", None),
        ("b", None),
        ("XXXX", None),
    ];
    for (pattern, expected) in rows {
        assert_eq!(run("timeFormatUTC", &[pattern, "1630195205"]).as_deref(), expected, "{pattern}");
    }
}

#[test]
fn weeks_and_years_at_their_ends() {
    check(&[
        ("timeFormatUTC", &["yyyy YYYY w D", "1735344000"], Some("2024 2024 52 363")),
        ("timeFormatUTC", &["yyyy YYYY w D", "1735430400"], Some("2024 2025 1 364")),
        ("timeFormatUTC", &["yyyy YYYY w D", "1735603200"], Some("2024 2025 1 366")),
        ("timeFormatUTC", &["yyyy YYYY w W", "1735689600"], Some("2025 2025 1 1")),
        ("timeFormatUTC", &["yyyy YYYY w W", "1672444800"], Some("2022 2022 53 5")),
        ("timeFormatUTC", &["yyyy YYYY w W", "1672531200"], Some("2023 2023 1 1")),
        ("timeFormatUTC", &["yyyy-MM-dd", "951782400"], Some("2000-02-29")),
        ("timeFormatUTC", &["G y yy yyyy", "-62135596800"], Some("AD 1 01 0001")),
        ("timeFormatUTC", &["G y yy yyyy MM-dd", "-62135596801"], Some("BC 1 01 0001 12-31")),
        ("timeFormatUTC", &["G yyyy YYYY", "-64000000000"], Some("BC 0060 -0059")),
    ]);
}

#[test]
fn many_letters() {
    let pattern = "y".repeat(70_000);
    let formatted = run("timeFormatUTC", &[&pattern, "0"]).unwrap();
    assert_eq!(formatted.len(), 70_000);
    assert!(formatted.ends_with("0001970"));
}
