//! The exported functions of the package, one file each.
// napi's macro makes the exported functions public.
#![allow(unreachable_pub)]

mod append;
mod arguments;
mod begin_read;
mod clear;
mod configure;
mod debug_log;
mod first_use;
mod flush;
mod instances;
mod outbox;
mod read;
mod shutdown;
mod stats;
#[cfg(feature = "test-hooks")]
mod test_hooks;

use napi::bindgen_prelude::Object;
use napi::{Env, JsValue};
use napi_derive::napi;
use session_ingress_core::panic::catch_panic;

use crate::delivery::deliver;
use crate::instance::Instances;

#[napi(module_exports)]
pub fn load(exports: Object<'_>, env: Env) -> napi::Result<()> {
    catch_panic(|| Instances::install(&env, exports.to_unknown(), deliver))
        .map_err(napi::Error::from_reason)?
}
