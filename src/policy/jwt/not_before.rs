//! `NotBefore`: a point in time, or a duration after the creation of the token.

use super::duration::milliseconds;
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, Time};

/// The time from which a token is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotBefore {
    /// Milliseconds after the creation of the token.
    After(u64),
    /// Seconds since the Unix epoch.
    At(i64),
}

/// The zones of RFC 822 in hours after UTC. Java knows more; they are errors here. `[inferred]`
const ZONES: [(&str, i64); 11] = [
    ("GMT", 0),
    ("UTC", 0),
    ("Z", 0),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
];

const MONTHS: [(&str, Month); 12] = [
    ("Jan", Month::January),
    ("Feb", Month::February),
    ("Mar", Month::March),
    ("Apr", Month::April),
    ("May", Month::May),
    ("Jun", Month::June),
    ("Jul", Month::July),
    ("Aug", Month::August),
    ("Sep", Month::September),
    ("Oct", Month::October),
    ("Nov", Month::November),
    ("Dec", Month::December),
];

/// Reads a text in one of the documented formats.
pub fn not_before(text: &str) -> Option<NotBefore> {
    let text = text.trim();
    let duration = milliseconds(text, "ms").map(NotBefore::After);
    duration.or_else(|| sortable(text).or_else(|| named(text)).map(NotBefore::At))
}

/// `2017-08-14T11:00:21.269-0700`, with or without the fraction and the colon of the offset.
fn sortable(text: &str) -> Option<i64> {
    let (start, minutes) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let (_, offset) = start.split_at_checked(start.len().checked_sub(3)?)?;
    let lacks_colon = offset.starts_with(['+', '-']);
    let text = if lacks_colon { format!("{start}:{minutes}") } else { text.to_owned() };
    OffsetDateTime::parse(&text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}

/// A time with a weekday and the name of a month:
/// `Mon, 14 Aug 2017 11:00:21 PDT` (RFC 1123), `Monday, 14-Aug-17 11:00:21 PDT` (RFC 850) and
/// `Mon Aug 14 11:00:21 2017` (ANSI C, in UTC `[inferred]`).
fn named(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    let (day, month, year, time, zone) = match *words.as_slice() {
        [_, day, month, year, time, zone] if time.contains(':') => (day, month, year, time, zone),
        [_, month, day, time, year] => (day, month, year, time, "UTC"),
        _ => return None,
    };
    let month = MONTHS.into_iter().find_map(|(name, number)| (name == month).then_some(number))?;
    let century = if year.len() == 2 { 2000 } else { 0 };
    let date =
        Date::from_calendar_date(year.parse::<i32>().ok()?.checked_add(century)?, month, day.parse().ok()?).ok()?;
    let mut parts = time.split(':').map(|part| part.parse::<u8>().ok());
    let time =
        Time::from_hms(parts.next()??, parts.next()??, parts.next()??).ok().filter(|_| parts.next().is_none())?;
    let hours = ZONES.into_iter().find_map(|(name, hours)| (name == zone).then_some(hours))?;
    date.with_time(time).assume_utc().unix_timestamp().checked_sub(hours.checked_mul(3600)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_format_is_read() {
        let at = Some(NotBefore::At(1_502_733_621));
        let utc = Some(NotBefore::At(1_502_708_421));
        let cases = [
            ("2017-08-14T11:00:21.269-0700", at),
            ("2017-08-14T11:00:21-07:00", at),
            ("2017-08-14T18:00:21Z", at),
            ("Mon, 14 Aug 2017 11:00:21 PDT", at),
            ("Monday, 14-Aug-17 11:00:21 PDT", at),
            ("Mon Aug 14 11:00:21 2017", utc),
            ("Mon, 14 Aug 2017 11:00:21 GMT", utc),
            ("6h", Some(NotBefore::After(21_600_000))),
            ("10", Some(NotBefore::After(10))),
            ("", None),
            ("é", None),
            ("tomorrow", None),
            ("2017-08-14", None),
            ("2017-08-14T11:00:21", None),
            ("2017-13-14T11:00:21Z", None),
            ("Mon, 14 Aug 2017 11:00:21 XYZ", None),
            ("Mon, 32 Aug 2017 11:00:21 GMT", None),
            ("Mon, 14 Aug 2017 11:00 GMT", None),
            ("Mon, 14 Aug 99999999999 11:00:21 GMT", None),
        ];
        for (text, expected) in cases {
            assert_eq!(not_before(text), expected, "{text}");
        }
    }
}
