use super::*;

fn headers(lines: &[(&'static str, &'static str)]) -> Headers {
    Headers::new(lines.iter().map(|(name, value)| (Bytes::from(*name), Bytes::from(*value))).collect())
}

#[test]
fn values_are_split_at_commas_across_lines() {
    let headers = headers(&[("Cache-Control", "public, maxage=16544"), ("cache-control", "x")]);
    assert_eq!(headers.first_value("cache-CONTROL").unwrap(), "public");
    assert_eq!(headers.values("cache-control"), ["public", "maxage=16544", "x"]);
    assert_eq!(headers.joined("cache-control").unwrap(), "public, maxage=16544,x");
    assert_eq!(headers.names(), ["Cache-Control"]);
}

#[test]
fn cookies_and_dates_are_not_split() {
    let headers = headers(&[
        ("set-cookie", "a=1; expires=Wed, 21 Aug 2013 19:16:47 GMT"),
        ("set-cookie", "b=2"),
        ("date", "Wed, 21 Aug 2013 19:16:47 GMT"),
    ]);
    assert_eq!(headers.values("Set-Cookie").len(), 2);
    assert_eq!(headers.first_value("Date").unwrap(), "Wed, 21 Aug 2013 19:16:47 GMT");
}

#[test]
fn numbered_values_are_written_and_removed() {
    let mut headers = headers(&[("x", "a,b"), ("y", "1")]);
    headers.set_value("X", 2, Bytes::from("c"));
    headers.set_value("x", 3, Bytes::from("d"));
    headers.set_value("x", 9, Bytes::from("lost"));
    assert_eq!(headers.values("x"), ["a", "c", "d"]);
    headers.remove_values("x", &[1]);
    assert_eq!(headers.values("x"), ["c", "d"]);
    headers.remove_values("x", &[7]);
    assert_eq!(headers.values("x"), ["c", "d"]);
}

#[test]
fn changes_name_only_what_differs() {
    let before = headers(&[("a", "1"), ("b", "2"), ("c", "3")]);
    let mut after = before.clone();
    assert_eq!(after.changes_since(&before), []);
    after.set("b", Bytes::from("two"));
    after.add("a", Bytes::from("again"));
    after.remove("c");
    assert_eq!(
        after.changes_since(&before),
        [
            HeaderChange::Remove("c".into()),
            HeaderChange::Set("b".into(), vec![Bytes::from("two")]),
            HeaderChange::Set("a".into(), vec![Bytes::from("1"), Bytes::from("again")]),
        ]
    );
}

#[test]
fn a_value_never_contains_a_line_break() {
    assert_eq!(header_value("a\r\nx-injected: 1\0".into()), Bytes::from("a  x-injected: 1 "));
    assert_eq!(header_value("a\u{1}b\tc\u{7f}é".into()), Bytes::from("a b\tc é"));
    assert_eq!(header_value("plain".into()), Bytes::from("plain"));
}

#[test]
fn bytes_that_are_not_utf8_do_not_stop_a_reader() {
    let headers = Headers::new(vec![(Bytes::from("x"), Bytes::from_static(b"a\xff"))]);
    assert_eq!(headers.first_value("x").unwrap(), "a\u{fffd}");
}

#[test]
fn lines_of_several_names_are_replaced_at_once() {
    let mut here = headers(&[("a", "1"), ("B", "2"), ("A", "3"), ("c", "4")]);
    here.replace_all(&headers(&[("d", "5"), ("b", "6"), ("C", "7"), ("B", "8")]));
    assert_eq!(here, headers(&[("a", "1"), ("b", "6"), ("b", "8"), ("A", "3"), ("C", "7"), ("d", "5")]));
    here.replace(vec![("a".into(), vec![Bytes::from("9")]), ("c".into(), Vec::new())]);
    assert_eq!(here, headers(&[("a", "9"), ("b", "6"), ("b", "8"), ("d", "5")]));
    here.remove_all(&["B", "none"]);
    assert_eq!(here, headers(&[("a", "9"), ("d", "5")]));
}

#[test]
fn missing_values_are_added() {
    let mut here = headers(&[("a", "1, 2"), ("set-cookie", "x=1"), ("b", "1")]);
    here.add_missing(&headers(&[("A", "2,3"), ("Set-Cookie", "y=2"), ("b", "1"), ("c", "1"), ("a", "3")]));
    let expected = [("A", "1, 2, 3, 3"), ("Set-Cookie", "x=1"), ("Set-Cookie", "y=2"), ("b", "1")];
    assert_eq!(here, headers(&expected));
}

/// Headers of many names with the same value.
fn many(names: std::ops::Range<usize>, value: &'static str) -> Headers {
    Headers::new(names.map(|number| (Bytes::from(format!("x-{number}")), Bytes::from(value))).collect())
}

#[test]
fn many_names_take_one_pass() {
    let before = many(0..14_000, "1");
    let mut after = before.clone();
    after.replace_all(&many(7_000..21_000, "2"));
    let (old, new) = (many(0..7_000, "1"), many(7_000..21_000, "2"));
    assert!(after.lines().eq(old.lines().chain(new.lines())));
    assert_eq!(after.names().len(), 21_000);
    let set = |line: Line<'_>| HeaderChange::Set(line.to_name(), vec![line.to_value()]);
    let remove = |line: Line<'_>| HeaderChange::Remove(line.to_name());
    assert_eq!(after.changes_since(&before), new.lines().map(set).collect::<Vec<_>>());
    assert_eq!(new.changes_since(&before), old.lines().map(remove).chain(new.lines().map(set)).collect::<Vec<_>>());
    after.add_missing(&many(0..14_000, "3"));
    assert_eq!(after.first_line("x-9").unwrap(), "1, 3");
    assert_eq!(after.first_line("x-9999").unwrap(), "2, 3");
}

#[test]
fn many_values_are_compared_in_one_pass() {
    let values = |numbers: std::ops::Range<usize>| numbers.map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let mut here = Headers::new(vec![(Bytes::from("a"), Bytes::from(values(0..14_000)))]);
    here.add_missing(&Headers::new(vec![(Bytes::from("a"), Bytes::from(values(7_000..21_000)))]));
    assert_eq!(here.first_line("a").unwrap(), values(0..21_000));
}
