//! The end of the event loop of the main thread, at which Node runs no cleanup hooks.

use napi::{Env, JsValue};

use crate::js::{Value, call, get, global, string};

/// Calls `work` when the process emits `exit`: by `process.exit`, by an uncaught exception, or because nothing is left to
/// do. False where there is no such event.
pub(crate) fn on_exit(env: &Env, work: impl Fn() + 'static) -> bool {
    let listen = || {
        let process = get(env, global(env), "process").ok()?;
        let on = get(env, process, "on").ok()?;
        let listener = env
            .create_function_from_closure::<(), (), _>("writeOutbox", move |_| {
                work();
                Ok(())
            })
            .ok()?;
        let listener: Value<'_> = listener.to_unknown();
        call(env, on, process, &[string(env, "exit"), listener]).ok()
    };
    listen().is_some()
}
