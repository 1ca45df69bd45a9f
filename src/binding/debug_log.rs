//! What `NODE_DEBUG=session-ingress` shows: debug lines, and errors, without which they would tell half of it.
//!
//! Matching names and writing lines is Node's business: `node-debug.js` hands over a function of its
//! `util.debuglog`, where `NODE_DEBUG` is set, and nothing is done where it is not.

use std::rc::Rc;

use napi::{Env, ValueType};
use napi_derive::napi;

use super::host::Host;
use super::js::{self, Persistent, Value};

pub(super) type DebugLog = Rc<Persistent>;

/// Takes debug lines besides the host's own function: `node-debug.js` sets it where `NODE_DEBUG` names
/// the package. Not an export of the package.
#[napi(skip_typescript, catch_unwind)]
pub fn set_debug_log<'e>(env: &'e Env, log: Value<'e>) -> napi::Result<()> {
    Host::of(env)?.set_debug_log(env, log);
    Ok(())
}

impl Host {
    /// Has lines shown by `log`, besides what the host is told.
    fn set_debug_log(&self, env: &Env, log: Value<'_>) {
        if js::kind(log) == ValueType::Function {
            self.debug_log.replace(Some(Rc::new(Persistent::new(env, log))));
            self.channel.set_wants_debug(true);
        }
    }

    pub(super) fn show(&self, env: &Env, line: Value<'_>) {
        // Nothing is borrowed while JavaScript runs.
        let log = self.debug_log.borrow().clone();
        if let Some(log) = log {
            js::call(env, log.get(env), js::undefined(env), &[line]).ok();
        }
    }
}
