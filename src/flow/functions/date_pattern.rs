//! The patterns of Java's SimpleDateFormat, with English names, in UTC.

use super::date::Moment;
use std::iter;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Formats a point in time. `None` when the pattern has an unknown letter or an unclosed quote.
pub(super) fn format(pattern: &str, moment: &Moment) -> Option<String> {
    let mut formatted = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\'' {
            push_quoted(&mut formatted, &mut characters)?;
        } else if character.is_ascii_alphabetic() {
            let repeats = iter::from_fn(|| characters.next_if_eq(&character)).count();
            push_field(&mut formatted, character, repeats.saturating_add(1), moment)?;
        } else {
            formatted.push(character);
        }
    }
    Some(formatted)
}

/// Writes the text after an opening quote, up to the closing one. Two adjacent quotes are a quote, inside and outside
/// of quoted text.
fn push_quoted(formatted: &mut String, characters: &mut iter::Peekable<impl Iterator<Item = char>>) -> Option<()> {
    if characters.next_if_eq(&'\'').is_some() {
        formatted.push('\'');
        return Some(());
    }
    loop {
        match characters.next()? {
            '\'' if characters.next_if_eq(&'\'').is_some() => formatted.push('\''),
            '\'' => return Some(()),
            other => formatted.push(other),
        }
    }
}

/// Writes a field, whose letter is repeated `count` times in the pattern.
fn push_field(formatted: &mut String, letter: char, count: usize, moment: &Moment) -> Option<()> {
    match letter {
        'G' => formatted.push_str(if moment.is_before_christ() { "BC" } else { "AD" }),
        'y' => push_year(formatted, moment.year_of_era(), count),
        'Y' => push_year(formatted, moment.week_year(), count),
        'M' | 'L' if count >= 3 => push_name(formatted, &MONTHS, moment.month(), count)?,
        'M' | 'L' => push_number(formatted, moment.month(), count),
        'w' => push_number(formatted, moment.week_of_year(), count),
        'W' => push_number(formatted, moment.week_of_month(), count),
        'D' => push_number(formatted, moment.day_of_year(), count),
        'd' => push_number(formatted, moment.day_of_month(), count),
        'F' => push_number(formatted, moment.weekday_in_month(), count),
        'E' => push_name(formatted, &WEEKDAYS, moment.weekday(), count)?,
        'u' => push_number(formatted, moment.weekday(), count),
        'a' => formatted.push_str(if moment.hour() < 12 { "AM" } else { "PM" }),
        'H' => push_number(formatted, moment.hour(), count),
        'k' => push_number(formatted, one_to(24, moment.hour()), count),
        'K' => push_number(formatted, moment.hour() % 12, count),
        'h' => push_number(formatted, one_to(12, moment.hour()), count),
        'm' => push_number(formatted, moment.minute(), count),
        's' => push_number(formatted, moment.second(), count),
        'S' => push_number(formatted, moment.millisecond(), count),
        'z' => formatted.push_str(if count >= 4 { "Coordinated Universal Time" } else { "UTC" }),
        'Z' => formatted.push_str("+0000"),
        'X' if count <= 3 => formatted.push('Z'),
        _ => return None,
    }
    Some(())
}

/// The hour on a clock that shows `last` instead of 0.
fn one_to(last: i64, hour: i64) -> i64 {
    match hour % last {
        0 => last,
        hour => hour,
    }
}

/// Writes a year's last two digits for a count of two, and all of them otherwise.
fn push_year(formatted: &mut String, year: i64, count: usize) {
    push_number(formatted, if count == 2 { year % 100 } else { year }, count);
}

/// Writes the name with a 1-based number: in full for four or more letters, otherwise its first three letters.
fn push_name(formatted: &mut String, names: &[&str], number: i64, count: usize) -> Option<()> {
    let name = names.get(usize::try_from(number.checked_sub(1)?).ok()?)?;
    formatted.push_str(if count >= 4 { name } else { name.get(..3)? });
    Some(())
}

/// Writes a number with at least `count` digits. `format!` panics on a width above 65 535.
fn push_number(formatted: &mut String, number: i64, count: usize) {
    if number < 0 {
        formatted.push('-');
    }
    let digits = number.unsigned_abs().to_string();
    formatted.extend(iter::repeat_n('0', count.saturating_sub(digits.len())));
    formatted.push_str(&digits);
}
