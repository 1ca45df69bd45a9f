//! The envelope: a body without the elements of its long array.

use serde_json::value::RawValue;

use super::fields::pick_fields;

/// The text of the envelope, checked to be JSON.
#[derive(Debug)]
pub struct Envelope(pub String);

impl Envelope {
    /// The raw text of a member. The long array is `[]` here.
    pub fn field(&self, name: &str) -> Option<&RawValue> {
        let [value] = pick_fields(&self.0, [name])?;
        value
    }
}
