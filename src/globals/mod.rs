//! The globals that are used: `JSON`, `Map` and `setImmediate` of the environment, and the realm of the code that loaded
//! the package.

mod exit;
mod immediate;
mod json;
mod map;
mod realm;

pub(crate) use exit::on_exit;
pub(crate) use immediate::set_immediate;
pub(crate) use json::Json;
pub(crate) use map::{IdentityMap, MapClass};
pub(crate) use realm::Realm;
