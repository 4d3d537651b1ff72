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

/// Removes the value of that number. Returns whether there was one.
pub(super) fn remove(values: &mut Vec<ByteString>, number: usize) -> bool {
    let index = number.saturating_sub(1);
    let is_there = index < values.len();
    if is_there {
        values.remove(index);
    }
    is_there
}

/// The value of that number.
pub(super) fn get(values: Vec<ByteString>, number: usize) -> Option<ByteString> {
    values.into_iter().nth(number.saturating_sub(1))
}
