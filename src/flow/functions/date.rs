//! Points in time and their calendar fields, in UTC.
//!
//! Fields are numbered as in Java's calendar for the United States: weeks start on Sunday, and 1 January is always in
//! week 1. Dates before 1582 are Gregorian; in Java they are Julian. `[inferred]`

use super::date_pattern;
use std::time::Duration;
use time::UtcDateTime;
use time::util::days_in_year;

/// Maximum number of bytes of a result per letter of the pattern. Long names need four letters.
pub(super) const MAX_BYTES_PER_LETTER: usize = 8;

/// Milliseconds in a second.
const MILLISECONDS: i64 = 1000;

/// Formats a time in seconds since 1970. `None` when the pattern or the number is invalid, or the year is not within
/// ±9999, which is a limit of the library and not of Java. `[inferred]`
pub(super) fn format_seconds(pattern: &str, seconds: &str) -> Option<String> {
    date_pattern::format(pattern, &Moment::new(seconds.parse().ok()?, 0)?)
}

/// Formats a time in milliseconds since 1970. `None` as for seconds.
pub(in crate::flow) fn format_milliseconds(pattern: &str, milliseconds: &str) -> Option<String> {
    let milliseconds: i64 = milliseconds.parse().ok()?;
    let moment = Moment::new(milliseconds.div_euclid(MILLISECONDS), milliseconds.rem_euclid(MILLISECONDS))?;
    date_pattern::format(pattern, &moment)
}

/// A point in time.
#[derive(Debug)]
pub(in crate::flow) struct Moment {
    date_time: UtcDateTime,
    millisecond: i64,
}

impl Moment {
    /// The point in time at a duration after 1970.
    pub(in crate::flow) fn after_epoch(time: Duration) -> Option<Moment> {
        Moment::new(i64::try_from(time.as_secs()).ok()?, time.subsec_millis().into())
    }

    fn new(seconds: i64, millisecond: i64) -> Option<Moment> {
        Some(Moment { date_time: UtcDateTime::from_unix_timestamp(seconds).ok()?, millisecond })
    }

    /// `Wed, 21 Aug 2013 19:16:47 GMT`
    pub(in crate::flow) fn http_date(&self) -> Option<String> {
        date_pattern::format("EEE, dd MMM yyyy HH:mm:ss 'GMT'", self)
    }

    /// The astronomical year: 0 is 1 BC.
    pub(in crate::flow) fn year(&self) -> i64 {
        self.date_time.year().into()
    }

    pub(super) fn is_before_christ(&self) -> bool {
        self.year() <= 0
    }

    /// The year within its era, from 1.
    pub(super) fn year_of_era(&self) -> i64 {
        if self.is_before_christ() { 1 - self.year() } else { self.year() }
    }

    /// The astronomical year to which the week belongs.
    pub(super) fn week_year(&self) -> i64 {
        self.year() + i64::from(self.is_in_next_years_first_week())
    }

    /// The week of the week year, from 1.
    pub(super) fn week_of_year(&self) -> i64 {
        if self.is_in_next_years_first_week() { 1 } else { week(self.day_of_year(), self.days_from_sunday()) }
    }

    fn is_in_next_years_first_week(&self) -> bool {
        let days_left = i64::from(days_in_year(self.date_time.year())) - self.day_of_year();
        let days_to_saturday = 6 - self.days_from_sunday();
        days_to_saturday > days_left
    }

    /// The week of the month, from 1.
    pub(super) fn week_of_month(&self) -> i64 {
        week(self.day_of_month(), self.days_from_sunday())
    }

    /// 1 for January.
    pub(in crate::flow) fn month(&self) -> i64 {
        u8::from(self.date_time.month()).into()
    }

    /// From 1.
    pub(super) fn day_of_year(&self) -> i64 {
        self.date_time.ordinal().into()
    }

    /// From 1.
    pub(in crate::flow) fn day_of_month(&self) -> i64 {
        self.date_time.day().into()
    }

    /// 2 for the month's second Wednesday.
    pub(super) fn weekday_in_month(&self) -> i64 {
        (self.day_of_month() - 1) / 7 + 1
    }

    /// 1 for Monday.
    pub(super) fn weekday(&self) -> i64 {
        self.date_time.weekday().number_from_monday().into()
    }

    pub(in crate::flow) fn days_from_sunday(&self) -> i64 {
        self.date_time.weekday().number_days_from_sunday().into()
    }

    /// From 0 to 23.
    pub(in crate::flow) fn hour(&self) -> i64 {
        self.date_time.hour().into()
    }

    pub(in crate::flow) fn minute(&self) -> i64 {
        self.date_time.minute().into()
    }

    pub(in crate::flow) fn second(&self) -> i64 {
        self.date_time.second().into()
    }

    pub(in crate::flow) fn millisecond(&self) -> i64 {
        self.millisecond
    }
}

/// The number of a day's week within its month or year. Days and weeks count from 1.
fn week(day: i64, days_from_sunday: i64) -> i64 {
    let first_days_from_sunday = (days_from_sunday - (day - 1)).rem_euclid(7);
    (day - 1 + first_days_from_sunday) / 7 + 1
}
