//! One instance, the state that `configure` sets up: options, sessions with their heads and queues, connections.

mod credentials;
mod outbox;
mod shutdown;

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi::Env;
use session_ingress_core::http::{self, Client, Settings, concurrency_limit};
use session_ingress_core::protocol::{HostHeaders, OAuthEndpoint};
use session_ingress_core::report::{About, Error, ReporterExt};
use session_ingress_core::session::{Session, Sessions};

use crate::channel::{Channel, ChannelSender};
use crate::configure::{CallSettings, HostCallback, Options, OptionsPatch};
use crate::globals::variable;
use crate::js::Value;
use crate::rejection::Rejection;
use shutdown::Shutdown;

pub(crate) use outbox::{Deliveries, Outboxes, end_all, write_all};
pub(crate) use shutdown::{Ended, EntryOf};

/// Options, sessions and connections. Used on the thread of its environment only. Cells are borrowed for single
/// steps, and never while JavaScript runs: JavaScript may call back into the addon.
pub(crate) struct Instance {
    options: RefCell<Options>,
    pub(crate) sessions: RefCell<Sessions>,
    /// The settings of connections, and the client for them. They are read from `process.env` at the first request.
    connection: RefCell<Option<(Settings, Client)>>,
    pub(crate) outboxes: Outboxes,
    pub(crate) shutdown: Shutdown,
    channel: Arc<Channel>,
    wants_debug: Arc<AtomicBool>,
}

impl Instance {
    pub(crate) fn new(channel: Arc<Channel>) -> Self {
        Self {
            options: RefCell::default(),
            sessions: RefCell::default(),
            connection: RefCell::default(),
            outboxes: Outboxes::default(),
            shutdown: Shutdown::default(),
            channel,
            wants_debug: Arc::default(),
        }
    }

    /// Applies the options of one call of `configure`: all of them, or none where one is wrong.
    pub(crate) fn configure<'e>(&self, env: &'e Env, options: Value<'_>) -> Result<(), Rejection<'e>> {
        // Copied, because reading may run getters of the host, which may call `configure`.
        let (settings, network, outbox) = {
            let options = self.options.borrow();
            (options.settings, options.network.clone(), options.outbox.clone())
        };
        let patch = OptionsPatch::read(env, options, settings, &network, &outbox)?;
        let touches_outbox = patch.outbox.is_some();
        if patch.touches_connections() {
            self.connection.replace(None);
        }
        if let Some(limit) = patch.max_concurrent_requests {
            concurrency_limit().set(limit);
        }
        self.options.borrow_mut().apply(patch);
        if touches_outbox {
            self.update_outbox();
        }
        Ok(())
    }

    fn update_outbox(&self) {
        let options = self.options.borrow();
        let outbox = options.outbox.as_ref().map(|outbox| (&outbox.options, outbox.get_token.is_some()));
        self.outboxes.configure(outbox, &self.channel, self.reporter());
    }

    /// Whether an outbox is configured.
    pub(crate) fn has_outbox(&self) -> bool {
        self.options.borrow().outbox.is_some()
    }

    /// The host's function for the tokens of sessions that it has not used itself.
    pub(crate) fn get_token<'e>(&self, env: &'e Env) -> Option<Value<'e>> {
        let get_token = self.options.borrow().outbox.as_ref()?.get_token.clone();
        get_token.map(|function| function.get(env))
    }

    pub(crate) fn settings(&self) -> CallSettings {
        self.options.borrow().settings
    }

    /// A function of the host, where it has configured one.
    pub(crate) fn callback<'e>(&self, env: &'e Env, callback: HostCallback) -> Option<Value<'e>> {
        self.options.borrow().callback(env, callback)
    }

    /// Enables debug lines where the host receives them, or where `node_debug` is set.
    pub(crate) fn update_wants_debug(&self, node_debug: bool) {
        let wants = node_debug || self.options.borrow().logs_for_debugging();
        self.wants_debug.store(wants, Ordering::Relaxed);
    }

    /// The reporter for operations of this instance.
    pub(crate) fn reporter(&self) -> ChannelSender {
        ChannelSender::new(self.channel.clone(), self.wants_debug.clone())
    }

    /// The token of sessions, from the host or the environment; see [`credentials::token`].
    pub(crate) fn token<'e>(&self, env: &'e Env) -> Result<Option<String>, Rejection<'e>> {
        credentials::token(env, self.callback(env, HostCallback::GetSessionIngressAuthToken))
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
                Settings::read(&network, |name| variable(env, name))
            }
        };
        let settings = settings.with_connect_timeout(connect_timeout);
        let reporter = self.reporter();
        let client = Client::shared(settings.clone(), move |warning| reporter.debug(|| warning.to_owned()));
        self.connection.replace(Some((settings, client.clone())));
        client
    }
}
