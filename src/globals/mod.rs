//! The globals of an environment that are used: `JSON`, `Map`, `process.env`, `setImmediate`.

mod exit;
mod json;
mod map;
mod process;

pub(crate) use exit::on_exit;
pub(crate) use json::Json;
pub(crate) use map::IdentityMap;
pub(crate) use process::{is_truthy, set_immediate, variable};
