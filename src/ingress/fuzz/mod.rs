//! Property tests of the core; see [`crate::fuzz`].
//!
//! `answers` makes answers of any kind, `whole` says what they hold by parsing them in one piece.

mod answers;
mod backoff;
mod names;
mod reads;
mod requests;
mod whole;
