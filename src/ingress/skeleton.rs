//! An answer without the elements of its long array.

use serde_json::value::RawValue;

use super::members::members;

/// The text of the answer, checked to be JSON.
#[derive(Debug)]
pub(crate) struct Skeleton(pub(super) String);

impl Skeleton {
    /// The raw text of a member. The long array is `[]` here.
    pub(crate) fn member(&self, name: &str) -> Option<&RawValue> {
        let [value] = members(&self.0, [name])?;
        value
    }
}
