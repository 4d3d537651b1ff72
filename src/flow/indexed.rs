//! Lists of values with 1-based numbers, as in `header.X.2` and `queryparam.w.3`.

use bytestring::ByteString;

/// Replaces the value with a number, or appends it when the number is one past the last. Returns whether it was set.
pub(super) fn set(values: &mut Vec<ByteString>, number: usize, value: ByteString) -> bool {
    let index = number.saturating_sub(1);
    if index == values.len() {
        values.push(value);
    } else if let Some(current) = values.get_mut(index) {
        *current = value;
    } else {
        return false;
    }
    true
}

/// Removes the values with some numbers. The numbers are those before the removal. Returns whether one was removed.
pub(super) fn remove(values: &mut Vec<ByteString>, numbers: &[usize]) -> bool {
    let before = values.len();
    let mut number = 0_usize;
    values.retain(|_| {
        number = number.saturating_add(1);
        !numbers.contains(&number)
    });
    values.len() < before
}

/// The values with some numbers, in list order; all values without numbers.
pub(super) fn select(values: Vec<ByteString>, numbers: &[usize]) -> Vec<ByteString> {
    if numbers.is_empty() {
        return values;
    }
    let numbered = (1_usize..).zip(values).filter(|(number, _)| numbers.contains(number));
    numbered.map(|(_, value)| value).collect()
}
