//! `ExpirySettings`: the time when an entry expires.

use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use crate::policy::attributes::{single_child, warn_unknown_attributes, warn_unknown_children};
use crate::policy::text_or_variable::TextOrVariable;
use crate::policy::usage::Read;

/// The time when an entry expires. `TimeoutInSeconds` has precedence over the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expiry {
    /// `TimeoutInSeconds`, or `TimeoutInSec`: seconds.
    pub timeout: Option<TextOrVariable>,
    /// `ExpiryDate`: `mm-dd-yyyy`.
    pub date: Option<TextOrVariable>,
    /// `TimeOfDay`: `hh:mm:ss`.
    pub time_of_day: Option<TextOrVariable>,
}

impl Expiry {
    /// Reads `ExpirySettings`. Reports texts that are not a number, a date or a time.
    pub(in crate::policy) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Expiry {
        let Some(settings) = single_child(root, "ExpirySettings", diagnostics) else { return Expiry::default() };
        warn_unknown_attributes(settings, &[], diagnostics);
        warn_unknown_children(settings, &["TimeoutInSeconds", "TimeoutInSec", "ExpiryDate", "TimeOfDay"], diagnostics);
        let mut value = |name: &str, expected: &str, is_valid: fn(&str) -> bool| {
            let element = single_child(settings, name, diagnostics)?;
            let value = TextOrVariable::parse(element, diagnostics)?;
            if let Some(text) = value.text.as_ref().filter(|text| !is_valid(text)) {
                let message = format!("{name} must be {expected}, got {text:?}");
                diagnostics.error(Code::InvalidElement, element.position(), message);
            }
            Some(value)
        };
        let is_seconds = |text: &str| text.parse::<i64>().is_ok();
        let timeout = value("TimeoutInSeconds", "a number of seconds", is_seconds);
        Expiry {
            timeout: timeout.or_else(|| value("TimeoutInSec", "a number of seconds", is_seconds)),
            date: value("ExpiryDate", "a date mm-dd-yyyy", |text| date(text).is_some()),
            time_of_day: value("TimeOfDay", "a time hh:mm:ss", |text| seconds_of_day(text).is_some()),
        }
    }

    fn values(&self) -> impl Iterator<Item = &TextOrVariable> {
        [&self.timeout, &self.date, &self.time_of_day].into_iter().flatten()
    }

    /// Whether it reads the body of the message with one of these names in the flow where it is read.
    pub(in crate::policy) fn uses_body(&self, names: &[&str]) -> bool {
        self.values().any(|value| value.uses_body(names))
    }

    /// The variables that it reads.
    pub(in crate::policy) fn reads(&self) -> impl Iterator<Item = Read<'_>> {
        self.values().filter_map(TextOrVariable::read)
    }
}

/// The start of a date `mm-dd-yyyy`, in seconds since 1970 (UTC).
pub fn date(text: &str) -> Option<i64> {
    let mut parts = text.trim().splitn(3, '-');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month = time::Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let date = time::Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    Some(date.midnight().assume_utc().unix_timestamp())
}

/// The seconds before a time of day `hh:mm:ss`.
pub fn seconds_of_day(text: &str) -> Option<u64> {
    let mut parts = text.trim().splitn(3, ':');
    let mut part = |limit: u64| parts.next()?.parse::<u64>().ok().filter(|number| *number < limit);
    let (hours, minutes) = (part(24)?, part(60)?);
    let seconds = part(60)?;
    Some(hours.saturating_mul(3600).saturating_add(minutes.saturating_mul(60)).saturating_add(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_checked() {
        let dates = [
            ("01-01-1970", Some(0)),
            ("12-31-2030", Some(1_924_905_600)),
            ("2-29-2028", Some(1_835_395_200)),
            ("02-29-2027", None),
            ("31-12-2030", None),
            ("2030-12-31", None),
            ("12-31", None),
        ];
        for (text, expected) in dates {
            assert_eq!(date(text), expected, "{text}");
        }
        let times =
            [("00:00:00", Some(0)), ("23:59:59", Some(86_399)), ("14:30", None), ("24:00:00", None), ("a:b:c", None)];
        for (text, expected) in times {
            assert_eq!(seconds_of_day(text), expected, "{text}");
        }
    }
}
