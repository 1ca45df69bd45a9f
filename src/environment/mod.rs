//! One environment, a JavaScript thread: what its instances share.

mod at_end;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use napi::Env;
use session_ingress_core::http;
use session_ingress_core::runtime::runtime;
use tokio::runtime::Handle;

use crate::globals::{Json, MapClass, on_exit, set_immediate};
use crate::js::{self, Persistent, Value};
pub(crate) use at_end::AtEnd;

/// What the instances of one JavaScript thread share. All of it is used on that thread only.
pub(crate) struct Environment {
    pub(crate) json: Json,
    pub(crate) map_class: Rc<MapClass>,
    pub(crate) at_end: Arc<AtEnd>,
    writes_outbox_at_exit: Cell<bool>,
    /// A function that writes debug lines to Node's own log; set where `NODE_DEBUG` asks for it.
    debug_log: RefCell<Option<Rc<Persistent>>>,
    set_immediate: Option<Persistent>,
}

impl Environment {
    /// Makes the state of an environment when the addon is loaded into it. Files, variables and threads wait until the
    /// first request needs them.
    pub(crate) fn new(env: &Env) -> napi::Result<Rc<Self>> {
        let json = Json::new(env).map_err(|_| has_no("JSON object"))?;
        let map_class = MapClass::new(env, "Map").map_err(|_| has_no("Map"))?;
        let at_end = Arc::<AtEnd>::default();
        // Of a worker that is terminated, too: nothing emits `exit` there.
        env.add_env_cleanup_hook(Arc::clone(&at_end), |at_end| at_end.end())?;
        Ok(Rc::new(Self {
            json,
            map_class,
            at_end,
            writes_outbox_at_exit: Cell::default(),
            debug_log: RefCell::default(),
            set_immediate: set_immediate(env).map(|function| Persistent::new(env, function)),
        }))
    }

    /// The runtime, which starts at the first call; where the system refuses it a thread, nothing can be sent.
    pub(crate) fn runtime() -> Result<&'static Handle, http::Error> {
        runtime()
            .map_err(|error| http::Error::NotConnected(format!("the runtime cannot start: {error}").into()))
    }

    /// Calls `function` in a later turn of the event loop; false where there is no `setImmediate`.
    pub(crate) fn call_later(&self, env: &Env, function: Value<'_>) -> bool {
        self.set_immediate.as_ref().is_some_and(|set_immediate| {
            js::call(env, set_immediate.get(env), js::undefined(env), &[function]).is_ok()
        })
    }

    /// Has what is queued for the disk written when the event loop ends.
    pub(crate) fn write_outbox_at_exit(&self, env: &Env) {
        if !self.writes_outbox_at_exit.replace(true) {
            let at_end = Arc::clone(&self.at_end);
            on_exit(env, move || at_end.write_outboxes());
        }
    }

    /// Sets a function that receives debug lines and errors besides the hosts.
    pub(crate) fn set_debug_log(&self, env: &Env, log: Value<'_>) {
        self.debug_log.replace(Some(Rc::new(Persistent::new(env, log))));
    }

    pub(crate) fn has_debug_log(&self) -> bool {
        self.debug_log.borrow().is_some()
    }

    /// Writes a line to Node's own log, where `NODE_DEBUG` names the package.
    pub(crate) fn write_node_debug(&self, env: &Env, line: Value<'_>) {
        let log = self.debug_log.borrow().clone();
        if let Some(log) = log {
            js::call(env, log.get(env), js::undefined(env), &[line]).ok();
        }
    }
}

/// The error of an environment in which the addon cannot be loaded.
pub(crate) fn has_no(what: &str) -> napi::Error {
    napi::Error::from_reason(format!("session-ingress: this environment has no {what}"))
}
