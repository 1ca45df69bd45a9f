//! Entries and fields cut out of JSON as text, because `serde_json::Value` cannot hold every valid entry.

mod array_splitter;
mod batch;
mod envelope;
mod fields;
mod string;
mod transcode;
mod utf8;

pub use array_splitter::{ArraySplitter, SplitEvent};
pub(crate) use batch::BATCH_BYTES;
pub use batch::EntryBatch;
pub use envelope::Envelope;
#[cfg(test)]
pub(crate) use fields::key_matches;
pub use fields::{is_json, pick_fields, string};
pub use transcode::JsonText;
pub use utf8::utf8_from_utf16;

#[cfg(test)]
mod tests;
