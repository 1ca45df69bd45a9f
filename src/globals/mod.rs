//! The globals of an environment that are used: `JSON`, `process.env`, `setImmediate`.

mod json;
mod process;

pub(crate) use json::Json;
pub(crate) use process::{is_truthy, set_immediate, variable};
