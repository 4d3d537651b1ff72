//! Random values.

use uuid::Builder;

/// A version 4 UUID in lower case with hyphens.
pub(in crate::flow) fn uuid(random: &dyn Fn(&mut [u8])) -> String {
    let mut bytes = [0; 16];
    random(&mut bytes);
    Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// A whole number from `minimum` (default 0) to `maximum` (default `i64::MAX`), both included. `[inferred]`
///
/// `None` when a limit is not a number, and when `minimum` is larger than `maximum`.
pub(super) fn long(minimum: Option<&str>, maximum: Option<&str>, random: &dyn Fn(&mut [u8])) -> Option<String> {
    let minimum: i64 = minimum.map_or(Some(0), |text| text.parse().ok())?;
    let maximum: i64 = maximum.map_or(Some(i64::MAX), |text| text.parse().ok())?;
    let count = (i128::from(maximum) - i128::from(minimum)).checked_add(1).filter(|count| *count > 0)?;
    let mut bytes = [0; 16];
    random(&mut bytes);
    // The count is at most 2⁶⁴, so the remainder of 128 bits favors no number by more than one part in 2⁶⁴.
    let offset = i128::from_le_bytes(bytes).checked_rem_euclid(count)?;
    Some((i128::from(minimum) + offset).to_string())
}
