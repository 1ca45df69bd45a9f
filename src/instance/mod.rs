//! One instance, the state that `configure` sets up: options, sessions with their heads and queues, connections.

mod aborts;
mod credentials;
mod error_object;
mod handle;
mod lifetime;
mod operation;
mod outbox;
mod outbox_rows;
mod shutdown;
mod table;
mod tracing;
mod waking;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi::Env;
use session_ingress_core::channel::Wake;
use session_ingress_core::http::{self, Client, Settings, concurrency_limit};
use session_ingress_core::protocol::{HostHeaders, OAuthEndpoint};
use session_ingress_core::report::{About, Error, ReporterExt};
use session_ingress_core::session::{Session, Sessions};

use crate::channel::{Channel, ChannelSender, Waker};
use crate::configure::{CallSettings, GetToken, HostCallback, Options, OptionsPatch};
use crate::environment::{Environment, has_no};
use crate::globals::Realm;
use crate::js::{Persistent, Value};
use crate::operations::{Flushes, Operations, Signals};
use crate::rejection::Rejection;
use handle::{Handle, Slot};
use outbox::Outboxes;
use shutdown::Shutdown;

pub(crate) use error_object::error_object;
pub(crate) use table::Instances;

/// Delivers the items that are ready, on the thread of the environment; never panics.
pub(crate) type Deliver = fn(&Instance, &Env);

/// One instance, with options, sessions, pending operations and a channel of its own. All of it is used on the thread of
/// its environment only, except the channel, which the runtime shares. Cells are borrowed for single steps, and never
/// while JavaScript runs: JavaScript may call back into the addon.
pub(crate) struct Instance {
    pub(crate) environment: Rc<Environment>,
    pub(crate) channel: Arc<Channel>,
    waker: Arc<Waker>,
    deliver: Persistent,
    handle: Handle,
    is_default: bool,
    /// Whether an append or a read has begun.
    is_used: Cell<bool>,
    waits_for_delivery: Cell<bool>,
    pub(crate) operations: Operations,
    pub(crate) flushes: Flushes,
    pub(crate) signals: Signals,
    options: RefCell<Options>,
    pub(crate) sessions: RefCell<Sessions>,
    /// The settings of connections, and the client for them. They are read from `process.env` at the first request.
    connection: RefCell<Option<(Settings, Client)>>,
    pub(crate) outboxes: Outboxes,
    pub(crate) shutdown: Shutdown,
    wants_debug: Arc<AtomicBool>,
}

impl Instance {
    fn new(
        env: &Env,
        environment: &Rc<Environment>,
        is_default: bool,
        deliver: Deliver,
    ) -> napi::Result<Rc<Self>> {
        let signals = Signals::new(env, &environment.map_class).map_err(|_| has_no("Map"))?;
        let made = Rc::new(RefCell::new(Weak::<Self>::new()));
        let deliver = waking::deliver_function(env, &made, deliver)?;
        let waker = Arc::new(waking::waker(env, &made, deliver)?);
        let channel = Arc::<Channel>::default();
        channel.set_waker(Arc::<Waker>::clone(&waker) as Arc<dyn Wake>);
        environment.at_end.add_channel(&channel);
        let instance = Rc::new(Self {
            environment: Rc::clone(environment),
            channel,
            waker,
            deliver: Persistent::new(env, deliver),
            handle: Handle::new(env),
            is_default,
            is_used: Cell::default(),
            waits_for_delivery: Cell::default(),
            operations: Operations::default(),
            flushes: Flushes::default(),
            signals,
            options: RefCell::default(),
            sessions: RefCell::default(),
            connection: RefCell::default(),
            outboxes: Outboxes::default(),
            shutdown: Shutdown::default(),
            wants_debug: Arc::default(),
        });
        made.replace(Rc::downgrade(&instance));
        instance.update_wants_debug();
        Ok(instance)
    }

    /// The realm of the code that uses the instance.
    pub(crate) fn realm<'e>(&self, env: &'e Env) -> Realm<'e> {
        self.handle.get(env, Slot::Realm).map_or_else(|| Realm::own(env), |realm| Realm::foreign(env, realm))
    }

    /// Has values made of another realm: its [globals](Realm::globals).
    pub(crate) fn set_realm(&self, env: &Env, realm: Option<Value<'_>>) {
        self.handle.set(env, Slot::Realm, realm);
    }

    /// The array to which its functions are bound.
    pub(crate) fn handle<'e>(&self, env: &'e Env) -> Value<'e> {
        self.handle.value(env)
    }

    /// Applies the options of one call of `configure`: all of them, or none where one is wrong.
    pub(crate) fn configure<'e>(&self, env: &'e Env, options: Value<'_>) -> Result<(), Rejection<'e>> {
        // Copied, because reading may run getters of the host, which may call `configure`.
        let (settings, network, outbox) = {
            let options = self.options.borrow();
            (options.settings, options.network.clone(), options.outbox.clone())
        };
        let patch = OptionsPatch::read(env, options, settings, &network, &outbox)?;
        if patch.touches_connections() {
            self.connection.replace(None);
        }
        if let Some(limit) = patch.max_concurrent_requests {
            concurrency_limit().set(limit);
        }
        for (callback, function) in &patch.callbacks {
            let function = function.as_ref().map(|function| function.get(env));
            self.handle.set(env, Slot::Callback(*callback), function);
        }
        let touches_outbox = patch.outbox.is_some();
        if let Some(outbox) = &patch.outbox {
            match outbox.as_ref().map_or(&GetToken::None, |outbox| &outbox.get_token) {
                GetToken::None => self.handle.set(env, Slot::GetToken, None),
                GetToken::Kept => {}
                GetToken::New(function) => self.handle.set(env, Slot::GetToken, Some(function.get(env))),
            }
        }
        self.options.borrow_mut().apply(patch);
        if touches_outbox {
            self.update_outbox(env);
        }
        self.update_wants_debug();
        Ok(())
    }

    fn update_outbox(&self, env: &Env) {
        let options = self.options.borrow();
        let outbox = options.outbox.as_ref().map(|outbox| (&outbox.options, self.handle.has(Slot::GetToken)));
        if outbox.is_some() {
            self.environment.write_outbox_at_exit(env);
        }
        self.outboxes.configure(outbox, &self.channel, self.reporter(), &self.environment.at_end);
    }

    /// The host's function for the tokens of sessions that it has not used itself.
    pub(crate) fn get_token<'e>(&self, env: &'e Env) -> Option<Value<'e>> {
        self.handle.get(env, Slot::GetToken)
    }

    pub(crate) fn settings(&self) -> CallSettings {
        self.options.borrow().settings
    }

    /// A function of the host, where it has configured one.
    pub(crate) fn callback<'e>(&self, env: &'e Env, callback: HostCallback) -> Option<Value<'e>> {
        self.handle.get(env, Slot::Callback(callback))
    }

    /// Enables debug lines where the host receives them, or `NODE_DEBUG` asks for them.
    fn update_wants_debug(&self) {
        let wants = self.environment.has_debug_log()
            || self.handle.has(Slot::Callback(HostCallback::LogForDebugging));
        self.wants_debug.store(wants, Ordering::Relaxed);
    }

    /// The reporter for operations of this instance.
    pub(crate) fn reporter(&self) -> ChannelSender {
        ChannelSender::new(self.channel.clone(), self.wants_debug.clone())
    }

    /// The token of sessions, from the host or the environment; see [`credentials::token`].
    pub(crate) fn token<'e>(&self, env: &'e Env) -> Result<Option<String>, Rejection<'e>> {
        credentials::token(self.realm(env), self.callback(env, HostCallback::GetSessionIngressAuthToken))
    }

    /// The endpoint of OAuth and teleport reads, with the headers of the host. The inner `Err` is for headers that
    /// cannot be sent.
    pub(crate) fn oauth_endpoint<'e>(
        &self,
        env: &'e Env,
        session_id: &str,
        access_token: Value<'e>,
        organization: &str,
    ) -> Result<Result<OAuthEndpoint, http::Error>, Rejection<'e>> {
        let base = credentials::base_api_url(env, self.callback(env, HostCallback::GetOauthConfig))?;
        let callback = self.callback(env, HostCallback::GetOAuthHeaders);
        let headers = credentials::oauth_headers(env, callback, access_token)?;
        let of_host = self.host_headers(env, session_id);
        Ok(OAuthEndpoint::new(base, headers, organization)
            .map(|endpoint| endpoint.with_host_headers(of_host)))
    }

    /// The host's headers for the requests of a call; what cannot go along is reported.
    pub(crate) fn host_headers(&self, env: &Env, session_id: &str) -> HostHeaders {
        let Some(function) = self.callback(env, HostCallback::Headers) else { return HostHeaders::default() };
        let about = About { session_id: Some(session_id.into()), ..About::default() };
        let reporter = self.reporter().about(about);
        let refuse = |why| reporter.error(Error::BadHeader(why));
        HostHeaders::new(credentials::host_headers(env, Some(function), refuse), refuse)
    }

    pub(crate) fn session(&self, id: &str) -> Arc<Session> {
        self.sessions.borrow_mut().get(id)
    }

    /// Whether a further entry of `bytes` bytes fits `limits.maxPendingBytes`.
    pub(crate) fn fits_pending_limit(&self, bytes: usize) -> bool {
        let Some(limit) = self.settings().limits.max_pending_bytes else { return true };
        let pending = self.sessions.borrow().all().pending().bytes();
        pending.saturating_add(bytes as u64) <= limit
    }

    /// The client for a request that begins now.
    pub(crate) fn client(&self, env: &Env) -> Client {
        let connect_timeout = self.settings().timeouts.connect;
        let current = self.connection.borrow().clone();
        let settings = match current {
            Some((settings, client)) if settings.connect_timeout() == connect_timeout => return client,
            Some((settings, _)) => settings,
            None => {
                let network = self.options.borrow().network.clone();
                Settings::read(&network, |name| self.realm(env).variable(name))
            }
        };
        let settings = settings.with_connect_timeout(connect_timeout);
        let reporter = self.reporter();
        let client = Client::shared(settings.clone(), move |warning| reporter.debug(|| warning.to_owned()));
        self.connection.replace(Some((settings, client.clone())));
        client
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // What is still sent to it would be kept for ever.
        self.channel.close();
    }
}
