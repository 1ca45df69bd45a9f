//! Entries and fields cut out of JSON as text, because `serde_json::Value` cannot hold every valid entry.

mod array_splitter;
mod batch;
mod batches;
mod elements;
mod envelope;
mod field_scanner;
mod fields;
mod string;
mod transcode;
mod utf8;

pub use array_splitter::ArraySplitter;
pub(crate) use batch::BATCH_BYTES;
pub use batch::EntryBatch;
pub use batches::{Batches, SplitEvent};
pub use elements::Elements;
pub use envelope::Envelope;
pub use field_scanner::FieldScanner;
#[cfg(test)]
pub(crate) use fields::key_matches;
pub use fields::{is_json, pick_fields, string};
pub use transcode::JsonText;
pub use utf8::utf8_from_utf16;

#[cfg(test)]
mod tests;
