//! The instances of one environment.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use napi::Env;
use session_ingress_core::panic::keep_panics;

use super::{Deliver, Instance};
use crate::channel::{InstanceId, Message};
use crate::environment::{Environment, has_no};
use crate::globals::{IdentityMap, MapClass};
use crate::js::{self, Persistent, Thrown, Value};

/// The instances of one environment: the default one, and those that the host has made.
pub(crate) struct Instances {
    environment: Rc<Environment>,
    pub(crate) exports: Persistent,
    default: Rc<Instance>,
    /// Each as long as its handle is not collected.
    others: RefCell<HashMap<InstanceId, Rc<Instance>>>,
    last: Cell<InstanceId>,
    /// The functions of the default instance of each other realm, by its `globalThis`.
    pub(crate) realms: IdentityMap,
    deliver: Deliver,
}

impl Instances {
    /// Makes the default instance when the addon is loaded into an environment.
    pub(crate) fn install(env: &Env, exports: Value<'_>, deliver: Deliver) -> napi::Result<()> {
        keep_panics();
        let environment = Environment::new(env)?;
        let default = Instance::new(env, &environment, true, deliver)?;
        // For as long as the environment lives.
        default.handle.hold(true);
        let exports = Persistent::new(env, exports);
        let weak_map = MapClass::new(env, "WeakMap").and_then(|class| IdentityMap::new(env, &class));
        let realms = weak_map.map_err(|_| has_no("WeakMap"))?;
        let (others, last) = (RefCell::default(), Cell::default());
        env.set_instance_data(
            Rc::new(Self { environment, exports, default, others, last, realms, deliver }),
            (),
            |_| (),
        )
    }

    /// Those of the environment that a call comes from.
    pub(crate) fn of(env: &Env) -> napi::Result<Rc<Self>> {
        let instances = env.get_instance_data::<Rc<Self>>()?;
        instances
            .map(|instances| Rc::clone(instances))
            .ok_or_else(|| napi::Error::from_reason("session-ingress: this environment has ended"))
    }

    /// A new instance; its caller must refer to its handle.
    pub(crate) fn make(&self, env: &Env) -> napi::Result<Rc<Instance>> {
        let instance = Instance::new(env, &self.environment, false, self.deliver)?;
        let id = self.last.get() + 1;
        self.last.set(id);
        let channel = self.default.channel.clone();
        // It is dropped later, because a finalizer may do little.
        instance.handle.mark(env, id, move || channel.send(Message::Collected(id)));
        self.others.borrow_mut().insert(id, Rc::clone(&instance));
        Ok(instance)
    }

    /// The exported function `name`, bound to an instance.
    pub(crate) fn bound<'e>(
        &self,
        env: &'e Env,
        name: &str,
        instance: &Instance,
    ) -> Result<Value<'e>, Thrown<'e>> {
        let function = js::get(env, self.exports.get(env), name)?;
        let bind = js::get(env, function, "bind")?;
        js::call(env, bind, function, &[instance.handle(env)])
    }

    /// Drops an instance whose handle was collected.
    pub(crate) fn remove(&self, id: InstanceId) {
        let removed = self.others.borrow_mut().remove(&id);
        drop(removed);
    }

    /// Sets a function that receives debug lines and errors besides the hosts.
    pub(crate) fn set_debug_log(&self, env: &Env, log: Value<'_>) {
        self.environment.set_debug_log(env, log);
        self.default.update_wants_debug();
        for instance in self.others.borrow().values() {
            instance.update_wants_debug();
        }
    }
}

impl Instance {
    /// The instance of a call: that to whose handle the function is bound, or else the default one.
    pub(crate) fn of(env: &Env, this: Value<'_>) -> napi::Result<Rc<Self>> {
        let instances = Instances::of(env)?;
        let others = instances.others.borrow();
        // Most environments have none, and every call comes here.
        let id = if others.is_empty() { None } else { js::marked(env, this) };
        Ok(Rc::clone(id.and_then(|id| others.get(&id)).unwrap_or(&instances.default)))
    }
}
