//! Values with 1-based numbers, as in `header.X.2` and `queryparam.w.3`.

use bytestring::ByteString;

/// Replaces the value of that number; one past the last appends. Returns whether there was such a place.
pub(super) fn set(values: &mut Vec<ByteString>, number: usize, value: ByteString) -> bool {
    let index = number.saturating_sub(1);
    if index == values.len() {
        values.push(value);
    } else if let Some(place) = values.get_mut(index) {
        *place = value;
    } else {
        return false;
    }
    true
}

/// Removes the values that have those numbers now. Returns whether there was one.
pub(super) fn remove(values: &mut Vec<ByteString>, numbers: &[usize]) -> bool {
    let before = values.len();
    let mut number = 0_usize;
    values.retain(|_| {
        number = number.saturating_add(1);
        !numbers.contains(&number)
    });
    values.len() < before
}

/// The values of those numbers, in their own order; all when no number is given.
pub(super) fn select(values: Vec<ByteString>, numbers: &[usize]) -> Vec<ByteString> {
    if numbers.is_empty() {
        return values;
    }
    let numbered = (1_usize..).zip(values).filter(|(number, _)| numbers.contains(number));
    numbered.map(|(_, value)| value).collect()
}
