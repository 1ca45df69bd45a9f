//! One JavaScript environment: its sessions, its host's bindings and options, and its end.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use napi::bindgen_prelude::Function;
use napi::{Env, JsValue};
use tokio::runtime::Handle;

use super::debug_log::DebugLog;
use super::environment::{set_immediate, variable};
use super::flush::Flush;
use super::js::{self, Deferred, Persistent, Value};
use super::json::Json;
use super::options::{Change, Options, Rejection};
use super::panics::caught;
use super::reader::Reader;
use super::settle::{Channel, Line, Message, OperationId, Outcome};
use super::signal::Watched;
use super::wake;
use super::waker::Waker;
use crate::http::{Client, Settings, gate};
use crate::ingress::{Caller, Ingress, Operation, Sessions, runtime};

/// Everything here belongs to one environment and is touched on its thread only; what runtime threads
/// share of it is the channel.
pub(super) struct Host {
    pub(super) json: Json,
    pub(super) options: RefCell<Options>,
    pub(super) operations: RefCell<HashMap<OperationId, Pending>>,
    pub(super) channel: Arc<Channel>,
    last_operation: RefCell<OperationId>,
    pub(super) sessions: RefCell<Sessions>,
    pub(super) flushes: RefCell<Vec<Flush>>,
    pub(super) signals: RefCell<Vec<Watched>>,
    /// What concerns connections, read from `process.env` at the first request, and the client of it.
    connection: RefCell<Option<(Settings, Client)>>,
    /// Node's own debug log, where `NODE_DEBUG` asks for it.
    pub(super) debug_log: RefCell<Option<DebugLog>>,
    deliver: Persistent,
    set_immediate: Option<Persistent>,
    /// Does nothing: it handles what a logging binding's promise rejects with.
    ignore: Persistent,
}

/// A promise that waits.
pub(super) struct Pending {
    pub(super) deferred: Deferred,
    pub(super) operation: Operation,
    /// Of a read.
    pub(super) reader: Option<Box<Reader>>,
    /// What V8 threw where an entry could not be serialised.
    pub(super) error: Option<Persistent>,
}

impl Host {
    /// Makes the environment's state when the addon is loaded into it. Nothing is read and nothing started
    /// that could wait for the first request.
    pub(super) fn install(env: &Env) -> napi::Result<()> {
        // Panics are caught and reported to the host; its terminal is not ours to write on.
        std::panic::set_hook(Box::new(|_| {}));
        let failed = |_| napi::Error::from_reason("session-ingress: this environment has no JSON object");
        let channel = Arc::<Channel>::default();
        let json = Json::new(env).map_err(failed)?;
        let set_immediate = set_immediate(env).map(|function| Persistent::new(env, function));
        let this = Rc::new(RefCell::new(Weak::<Self>::new()));
        let of_this = this.clone();
        let deliver: Function<'_, (), ()> = env.create_function_from_closure("deliver", move |context| {
            let host = of_this.borrow().upgrade();
            if let Some(host) = host
                && caught(|| host.deliver(context.env)).is_err()
            {
                // What panicked is lost; what is behind it is not.
                host.deliver_later(context.env);
            }
            Ok(())
        })?;
        let ignore: Function<'_, (), ()> = env.create_function_from_closure("ignore", |_| Ok(()))?;
        let of_waker = channel.clone();
        let make_waker: Function<'_, Function<'_, (), ()>, ()> =
            env.create_function_from_closure("makeWaker", move |context| {
                let deliver = context.first_arg::<Function<'_, (), ()>>()?;
                of_waker.set_waker(Waker::new(&deliver)?);
                Ok(())
            })?;
        // Log bindings are called in the async context in which this is made: in nobody's.
        let [make_waker, deliver] = [JsValue::to_unknown(&make_waker), JsValue::to_unknown(&deliver)];
        js::call_detached(env, make_waker, deliver)
            .map_err(|_| napi::Error::from_reason("session-ingress: this environment has no event loop"))?;
        let host = Rc::new(Self {
            json,
            options: RefCell::default(),
            operations: RefCell::default(),
            channel: channel.clone(),
            last_operation: RefCell::default(),
            sessions: RefCell::default(),
            flushes: RefCell::default(),
            signals: RefCell::default(),
            connection: RefCell::default(),
            debug_log: RefCell::default(),
            deliver: Persistent::new(env, deliver),
            set_immediate,
            ignore: Persistent::new(env, JsValue::to_unknown(&ignore)),
        });
        *this.borrow_mut() = Rc::downgrade(&host);
        env.add_env_cleanup_hook(channel, |channel| channel.close())?;
        env.set_instance_data(host, (), |_| ())
    }

    pub(super) fn of(env: &Env) -> napi::Result<Rc<Self>> {
        let host = env.get_instance_data::<Rc<Self>>()?;
        host.map(|host| host.clone())
            .ok_or_else(|| napi::Error::from_reason("session-ingress: this environment has ended"))
    }

    /// Begins an operation and returns its promise.
    ///
    /// Where `begin` rejects, so does the promise. Where it panics, the operation has failed, which is reported
    /// before the promise settles.
    pub(super) fn operation<'e>(
        env: &'e Env,
        operation: Operation,
        begin: impl FnOnce(&Rc<Self>, OperationId) -> Result<(), Rejection<'e>>,
    ) -> napi::Result<Value<'e>> {
        let host = Self::of(env)?;
        let (deferred, promise) = js::promise(env);
        let id = host.add(env, operation, deferred);
        match caught(|| begin(&host, id)) {
            Ok(Ok(())) => {}
            Ok(Err(rejection)) => {
                if let Some(pending) = host.remove(env, id) {
                    pending.deferred.reject(env, rejection.into_value(env));
                }
            }
            Err(panic) => {
                host.report_panic(operation, panic);
                host.channel.send(Message::Settle(id, Outcome::Failed));
            }
        }
        Ok(promise)
    }

    fn add(&self, env: &Env, operation: Operation, deferred: Deferred) -> OperationId {
        let mut last = self.last_operation.borrow_mut();
        *last += 1;
        let mut operations = self.operations.borrow_mut();
        if operations.is_empty() {
            self.hold_event_loop(env, true);
        }
        operations.insert(*last, Pending { deferred, operation, reader: None, error: None });
        *last
    }

    /// Ends an operation, whose promise is then to be settled.
    pub(super) fn remove(&self, env: &Env, id: OperationId) -> Option<Pending> {
        let pending = {
            let mut operations = self.operations.borrow_mut();
            let pending = operations.remove(&id);
            if operations.is_empty() {
                self.hold_event_loop(env, false);
            }
            pending
        };
        // Nothing is borrowed here: a signal may be of the host's making.
        if pending.as_ref().is_some_and(|pending| pending.reader.is_some()) {
            self.leave_signal(env, id);
        }
        pending
    }

    /// The event loop stays open exactly while operations are pending.
    fn hold_event_loop(&self, env: &Env, hold: bool) {
        if let Some(waker) = self.channel.waker() {
            js::hold_event_loop(env, waker.raw(), hold);
        }
    }

    /// Delivers more in a later turn of the event loop.
    pub(super) fn deliver_later(&self, env: &Env) {
        let later = self.set_immediate.as_ref().is_some_and(|set_immediate| {
            js::call(env, set_immediate.get(env), js::undefined(env), &[self.deliver.get(env)]).is_ok()
        });
        if !later {
            // No setImmediate in this environment: as the next callback, which may be in the same turn.
            self.channel.wake();
        }
    }

    /// Keeps a promise of a logging binding from ending the process where it rejects.
    pub(super) fn ignore_rejection(&self, env: &Env, promise: Value<'_>) {
        if let Ok(then) = js::get(env, promise, "then") {
            js::call(env, then, promise, &[js::undefined(env), self.ignore.get(env)]).ok();
        }
    }

    /// The runtime, which starts at the first such call.
    pub(super) fn runtime<'e>() -> Result<&'static Handle, Rejection<'e>> {
        runtime(wake::HOOKS)
            .map_err(|error| Rejection::Type(format!("session-ingress cannot start its runtime: {error}")))
    }

    /// Calls `work` with what can be done with the environment's sessions.
    pub(super) fn with_ingress<'e, T>(
        &self,
        work: impl FnOnce(&mut Ingress<'_>) -> T,
    ) -> Result<T, Rejection<'e>> {
        let runtime = Self::runtime()?;
        Ok(work(&mut Ingress::new(runtime, &mut self.sessions.borrow_mut())))
    }

    /// Whether an entry of so many bytes may wait too: `limits.maxPendingBytes`.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let Some(limit) = self.options.borrow().numbers.limits.max_pending_bytes else { return true };
        let pending = self.sessions.borrow().all().pending().bytes();
        pending.saturating_add(bytes as u64) <= limit
    }

    /// Ends an append that was not queued.
    pub(super) fn fail_append(&self, id: OperationId, session_id: &str) {
        let ticket = self.sessions.borrow_mut().ticket(session_id);
        self.channel.send(Message::Settle(id, Outcome::Appended(false, ticket)));
    }

    pub(super) fn line(&self) -> Line {
        Line(self.channel.clone())
    }

    /// The client for a request that begins now.
    pub(super) fn client(&self, env: &Env) -> Client {
        let connect_timeout = self.options.borrow().numbers.timeouts.connect;
        let known = self.connection.borrow().clone();
        let settings = match known {
            Some((settings, client)) if settings.connect_timeout() == connect_timeout => return client,
            Some((settings, _)) => settings,
            // Nothing is borrowed here: `process.env` may be a proxy of the host's.
            None => {
                let network = self.options.borrow().network.clone();
                Settings::read(&network, |name| variable(env, name))
            }
        };
        let settings = settings.with_connect_timeout(connect_timeout);
        let line = self.line();
        let client = Client::shared(settings.clone(), move |note| {
            let caller: &dyn Caller = &line;
            caller.debug(|| note.to_owned());
        });
        self.connection.replace(Some((settings, client.clone())));
        client
    }

    pub(super) fn configure<'e>(&self, env: &'e Env, options: Value<'_>) -> Result<(), Rejection<'e>> {
        // Reading may call the host's getters, and those may configure.
        let (numbers, network) = {
            let options = self.options.borrow();
            (options.numbers, options.network.clone())
        };
        let change = Change::read(env, options, numbers, &network)?;
        let limit = change.max_concurrent_requests;
        if change.touches_connections() {
            self.connection.replace(None);
        }
        let mut options = self.options.borrow_mut();
        options.apply(change);
        self.channel.set_wants_debug(options.logs_for_debugging() || self.debug_log.borrow().is_some());
        if let Some(limit) = limit {
            gate().resize(limit);
        }
        Ok(())
    }
}
