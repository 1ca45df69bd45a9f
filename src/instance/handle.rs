//! What an instance keeps of its host.

use std::cell::RefCell;

use napi::Env;
use session_ingress_core::report::Operation;

use crate::channel::InstanceId;
use crate::configure::HostCallback;
use crate::js::{self, Holdable, Value};

/// The functions of the host and its realm, as elements of an array to which the exported functions of the instance are
/// bound. They are no roots of their own, because a function of the host may refer to the instance, and would keep it for
/// ever.
pub(super) struct Handle {
    array: Holdable,
    /// The same, for quick access; it keeps none of them alive.
    elements: RefCell<[Option<Holdable>; Slot::COUNT]>,
}

/// A value that an instance keeps.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    Callback(HostCallback),
    /// `outbox.getToken`.
    GetToken,
    /// What is used of another realm.
    Realm,
    /// The function that loads lib/first-use.js.
    FirstUse,
    /// A function of lib/tracing.js.
    Tracing(Operation, TracingFunction),
}

/// A function of a channel in lib/tracing.js.
#[derive(Clone, Copy)]
pub(super) enum TracingFunction {
    IsWanted,
    Begin,
    Called,
    Settled,
}

impl TracingFunction {
    pub(super) const ALL: [(Self, &'static str); 4] = [
        (Self::IsWanted, "isWanted"),
        (Self::Begin, "begin"),
        (Self::Called, "called"),
        (Self::Settled, "settled"),
    ];
}

impl Slot {
    const COUNT: usize = HostCallback::ALL.len() + 3 + 2 * TracingFunction::ALL.len();

    fn index(self) -> usize {
        let callbacks = HostCallback::ALL.len();
        match self {
            Self::Callback(callback) => callback as usize,
            Self::GetToken => callbacks,
            Self::Realm => callbacks + 1,
            Self::FirstUse => callbacks + 2,
            Self::Tracing(Operation::Append, function) => callbacks + 3 + function as usize,
            Self::Tracing(_, function) => callbacks + 3 + TracingFunction::ALL.len() + function as usize,
        }
    }
}

impl Handle {
    /// A new handle, which is collected when nothing refers to it and it is not held.
    pub(super) fn new(env: &Env) -> Self {
        Self { array: Holdable::new(env, js::array(env)), elements: RefCell::default() }
    }

    /// The array; `undefined` where it was collected.
    pub(super) fn value<'e>(&self, env: &'e Env) -> Value<'e> {
        self.array.get(env)
    }

    /// Marks it with the id of its instance. When it is collected, calls `on_collected`, which must not run JavaScript.
    pub(super) fn mark(&self, env: &Env, id: InstanceId, on_collected: impl FnOnce() + 'static) {
        js::mark(env, self.value(env), id, on_collected);
    }

    /// Keeps it from being collected, or no longer. Calls nest.
    pub(super) fn hold(&self, hold: bool) {
        self.array.hold(hold);
    }

    pub(super) fn has(&self, slot: Slot) -> bool {
        self.elements.borrow()[slot.index()].is_some()
    }

    pub(super) fn get<'e>(&self, env: &'e Env, slot: Slot) -> Option<Value<'e>> {
        self.elements.borrow()[slot.index()].as_ref().map(|element| element.get(env))
    }

    pub(super) fn set(&self, env: &Env, slot: Slot, value: Option<Value<'_>>) {
        let element = value.map(|value| Holdable::new(env, value));
        self.elements.borrow_mut()[slot.index()] = element;
        let value = value.unwrap_or_else(|| js::undefined(env));
        js::set_element(env, self.value(env), slot.index() as u32, value);
    }
}
