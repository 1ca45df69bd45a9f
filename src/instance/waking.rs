//! How the runtime wakes the JavaScript thread for an instance.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use napi::bindgen_prelude::Function;
use napi::{Env, JsValue};

use super::{Deliver, Instance};
use session_ingress_core::channel::Wake;

use crate::channel::Waker;
use crate::environment::has_no;
use crate::js::{self, Value};

/// The instance that is being made.
pub(super) type Made = Rc<RefCell<Weak<Instance>>>;

impl Instance {
    /// Schedules the next delivery in a later turn of the event loop.
    pub(crate) fn deliver_later(&self, env: &Env) {
        if !self.environment.call_later(env, self.deliver.get(env)) {
            // Without setImmediate: the waker calls back, maybe in the same turn.
            self.waker.wake();
        }
    }

    /// Holds the event loop open, or not. It is held exactly while operations are pending that hold it.
    pub(super) fn hold_event_loop(&self, env: &Env, hold: bool) {
        self.waker.hold_event_loop(env, hold);
    }
}

/// The function that the waker and `setImmediate` call.
pub(super) fn deliver_function<'e>(
    env: &'e Env,
    instance: &Made,
    deliver: Deliver,
) -> napi::Result<Value<'e>> {
    let instance = Rc::clone(instance);
    let function: Function<'_, (), ()> = env.create_function_from_closure("deliver", move |context| {
        let instance = instance.borrow().upgrade();
        if let Some(instance) = instance {
            deliver(&instance, context.env);
        }
        Ok(())
    })?;
    Ok(JsValue::to_unknown(&function))
}

/// A waker that calls `deliver`. It is made in no async context, because the host's logging functions are called in the
/// context of the waker.
pub(super) fn waker(env: &Env, instance: &Made, deliver: Value<'_>) -> napi::Result<Waker> {
    let waker = Rc::new(RefCell::new(None));
    let (made, instance) = (Rc::clone(&waker), Rc::clone(instance));
    let make: Function<'_, Function<'_, (), ()>, ()> =
        env.create_function_from_closure("makeWaker", move |context| {
            let deliver = context.first_arg::<Value<'_>>()?;
            *made.borrow_mut() = Waker::new(context.env, deliver, resource(context.env, &instance)?);
            Ok(())
        })?;
    js::call_detached(env, JsValue::to_unknown(&make), deliver).ok();
    waker.take().ok_or_else(|| has_no("event loop"))
}

/// What stands for the waker in `async_hooks`. Tools that list what keeps a process alive ask it, as they ask a timer.
fn resource<'e>(env: &'e Env, instance: &Made) -> napi::Result<Value<'e>> {
    let instance = Rc::clone(instance);
    let has_ref: Function<'_, (), bool> = env.create_function_from_closure("hasRef", move |_| {
        let instance = instance.borrow().upgrade();
        Ok(instance.is_some_and(|instance| instance.operations.is_holding()))
    })?;
    let resource = js::object(env);
    js::set(env, resource, "hasRef", JsValue::to_unknown(&has_ref));
    Ok(resource)
}
