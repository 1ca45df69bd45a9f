//! `configure()`: reading and checking options.

use std::time::Duration;

use napi::{Env, ValueType};

use super::js::{self, Persistent, Thrown, Value};
use super::network::{read_proxy, read_tls};
use crate::http::{DEFAULT_MAX_CONCURRENT_REQUESTS, NetworkOptions};
use crate::ingress::{Retry, Timeouts};

/// Why a call is refused.
pub(super) enum Rejection<'e> {
    /// A `TypeError` with this message, which names what was wrong.
    Type(String),
    /// What the host's own code threw.
    Thrown(Value<'e>),
}

impl<'e> From<Thrown<'e>> for Rejection<'e> {
    fn from(Thrown(value): Thrown<'e>) -> Self {
        Self::Thrown(value)
    }
}

impl<'e> Rejection<'e> {
    pub(super) fn into_value(self, env: &'e Env) -> Value<'e> {
        match self {
            Self::Type(message) => js::type_error(env, &message),
            Self::Thrown(value) => value,
        }
    }
}

/// A function of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    GetSessionIngressAuthToken,
    GetOauthConfig,
    GetOAuthHeaders,
    LogForDebugging,
    LogForDiagnosticsNoPII,
    LogError,
}

impl Binding {
    const ALL: [Self; 6] = [
        Self::GetSessionIngressAuthToken,
        Self::GetOauthConfig,
        Self::GetOAuthHeaders,
        Self::LogForDebugging,
        Self::LogForDiagnosticsNoPII,
        Self::LogError,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::GetSessionIngressAuthToken => "getSessionIngressAuthToken",
            Self::GetOauthConfig => "getOauthConfig",
            Self::GetOAuthHeaders => "getOAuthHeaders",
            Self::LogForDebugging => "logForDebugging",
            Self::LogForDiagnosticsNoPII => "logForDiagnosticsNoPII",
            Self::LogError => "logError",
        }
    }
}

/// The options of one environment.
#[derive(Default)]
pub(super) struct Options {
    bindings: [Option<Persistent>; 6],
    pub(super) numbers: Numbers,
    pub(super) network: NetworkOptions,
}

/// Those that are numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Numbers {
    pub(super) retry: Retry,
    pub(super) timeouts: Timeouts,
    pub(super) limits: Limits,
}

/// The limits of one environment; `None` is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Limits {
    /// Of the entries that are pending, in all.
    pub(super) max_pending_bytes: Option<u64>,
    /// Of an answer to one of the readers.
    pub(super) max_response_bytes: Option<u64>,
}

impl Options {
    pub(super) fn binding<'e>(&self, env: &'e Env, binding: Binding) -> Option<Value<'e>> {
        self.bindings[binding as usize].as_ref().map(|function| function.get(env))
    }

    pub(super) fn logs_for_debugging(&self) -> bool {
        self.bindings[Binding::LogForDebugging as usize].is_some()
    }

    pub(super) fn apply(&mut self, change: Change) {
        for (binding, function) in change.bindings {
            self.bindings[binding as usize] = function;
        }
        self.numbers = change.numbers;
        if let Some(network) = change.network {
            self.network = network;
        }
    }
}

/// What one call of `configure` changes, checked in full.
pub(super) struct Change {
    bindings: Vec<(Binding, Option<Persistent>)>,
    numbers: Numbers,
    /// Where `tls` or `proxy` is named: what concerns connections is then read anew.
    network: Option<NetworkOptions>,
    /// `limits.maxConcurrentRequests`, where it is named: it is the process's, so that what one environment
    /// does not say must not undo what another one said.
    pub(super) max_concurrent_requests: Option<usize>,
}

impl Change {
    /// Reads `options` as a change of `numbers` and `network`. A key that is present replaces, `null` or
    /// `undefined` restores the default, an absent key stays.
    pub(super) fn read<'e>(
        env: &'e Env,
        options: Value<'_>,
        numbers: Numbers,
        network: &NetworkOptions,
    ) -> Result<Self, Rejection<'e>> {
        let mut change = Self { bindings: Vec::new(), numbers, network: None, max_concurrent_requests: None };
        for (key, value) in entries(env, options, "options")? {
            match key.as_str() {
                "retry" => change.read_retry(env, value)?,
                "timeouts" => change.read_timeouts(env, value)?,
                "limits" => change.read_limits(env, value)?,
                "tls" => read_tls(env, value, change.network.get_or_insert_with(|| network.clone()))?,
                "proxy" => read_proxy(env, value, change.network.get_or_insert_with(|| network.clone()))?,
                name => {
                    let binding = Binding::ALL.into_iter().find(|binding| binding.name() == name);
                    let binding = binding.ok_or_else(|| unknown(&key))?;
                    change.bindings.push((binding, function(env, value, &key)?));
                }
            }
        }
        Ok(change)
    }

    /// Whether what concerns connections is to be read anew.
    pub(super) fn touches_connections(&self) -> bool {
        self.network.is_some()
    }

    fn read_retry<'e>(&mut self, env: &'e Env, value: Value<'_>) -> Result<(), Rejection<'e>> {
        let (retry, default) = (&mut self.numbers.retry, Retry::default());
        read_group(env, value, "retry", retry, default, |retry, key, name, value| {
            match key {
                "maxAttempts" => {
                    let count = count(env, value, name)?;
                    retry.max_attempts =
                        count.map_or(default.max_attempts, |count| u32::try_from(count).unwrap_or(u32::MAX));
                }
                "baseDelayMs" => {
                    retry.base_delay = milliseconds(env, value, name)?.unwrap_or(default.base_delay);
                }
                "maxDelayMs" => {
                    retry.max_delay = milliseconds(env, value, name)?.unwrap_or(default.max_delay);
                }
                _ => return Err(unknown(name)),
            }
            Ok(())
        })
    }

    fn read_timeouts<'e>(&mut self, env: &'e Env, value: Value<'_>) -> Result<(), Rejection<'e>> {
        let (timeouts, default) = (&mut self.numbers.timeouts, Timeouts::default());
        read_group(env, value, "timeouts", timeouts, default, |timeouts, key, name, value| {
            let (timeout, default) = match key {
                "connectMs" => (&mut timeouts.connect, default.connect),
                "appendMs" => (&mut timeouts.append, default.append),
                "fetchMs" => (&mut timeouts.fetch, default.fetch),
                _ => return Err(unknown(name)),
            };
            *timeout = match milliseconds(env, value, name)? {
                // As everywhere in Node: 0 is no limit.
                Some(limit) => Some(limit).filter(|limit| !limit.is_zero()),
                None => default,
            };
            Ok(())
        })
    }

    fn read_limits<'e>(&mut self, env: &'e Env, value: Value<'_>) -> Result<(), Rejection<'e>> {
        const DEFAULT: usize = DEFAULT_MAX_CONCURRENT_REQUESTS;
        let mut new = (self.numbers.limits, self.max_concurrent_requests);
        let default = (Limits::default(), Some(DEFAULT));
        read_group(env, value, "limits", &mut new, default, |(limits, concurrent), key, name, value| {
            let limit = match key {
                "maxConcurrentRequests" => {
                    *concurrent = Some(count(env, value, name)?.unwrap_or(DEFAULT));
                    return Ok(());
                }
                "maxPendingBytes" => &mut limits.max_pending_bytes,
                "maxResponseBytes" => &mut limits.max_response_bytes,
                _ => return Err(unknown(name)),
            };
            *limit = count(env, value, name)?.map(|bytes| bytes as u64);
            Ok(())
        })?;
        (self.numbers.limits, self.max_concurrent_requests) = new;
        Ok(())
    }
}

/// Reads the keys of an inner object, each by `read` (its key, its full name, its value); nullish restores
/// all of them.
pub(super) fn read_group<'e, T>(
    env: &'e Env,
    value: Value<'_>,
    group: &str,
    into: &mut T,
    default: T,
    mut read: impl FnMut(&mut T, &str, &str, Value<'e>) -> Result<(), Rejection<'e>>,
) -> Result<(), Rejection<'e>> {
    if js::is_nullish(value) {
        *into = default;
        return Ok(());
    }
    for (key, value) in entries(env, value, group)? {
        read(into, &key, &format!("{group}.{key}"), value)?;
    }
    Ok(())
}

fn entries<'e>(
    env: &'e Env,
    object: Value<'_>,
    name: &str,
) -> Result<Vec<(String, Value<'e>)>, Rejection<'e>> {
    if js::kind(object) != ValueType::Object {
        return Err(Rejection::Type(format!("{name} must be an object")));
    }
    let mut entries = Vec::new();
    for key in js::keys(env, object)? {
        let value = js::get(env, object, &key)?;
        entries.push((key, value));
    }
    Ok(entries)
}

pub(super) fn unknown<'e>(name: &str) -> Rejection<'e> {
    Rejection::Type(format!("configure: unknown option {name}"))
}

fn function<'e>(env: &'e Env, value: Value<'_>, name: &str) -> Result<Option<Persistent>, Rejection<'e>> {
    match js::kind(value) {
        ValueType::Function => Ok(Some(Persistent::new(env, value))),
        ValueType::Undefined | ValueType::Null => Ok(None),
        _ => Err(Rejection::Type(format!("configure: {name} must be a function, null or undefined"))),
    }
}

/// `None` where the default is asked for.
fn number<'e>(
    env: &'e Env,
    value: Value<'_>,
    name: &str,
    what: &str,
    accept: impl FnOnce(f64) -> bool,
) -> Result<Option<f64>, Rejection<'e>> {
    if js::is_nullish(value) {
        return Ok(None);
    }
    match js::as_number(env, value).filter(|&number| accept(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(Rejection::Type(format!("configure: {name} must be {what}"))),
    }
}

fn milliseconds<'e>(env: &'e Env, value: Value<'_>, name: &str) -> Result<Option<Duration>, Rejection<'e>> {
    let what = "a finite number of milliseconds, not negative";
    let number = number(env, value, name, what, |number| number.is_finite() && number >= 0.0)?;
    Ok(number.map(|number| Duration::try_from_secs_f64(number / 1000.0).unwrap_or(Duration::MAX)))
}

fn count<'e>(env: &'e Env, value: Value<'_>, name: &str) -> Result<Option<usize>, Rejection<'e>> {
    let number = number(env, value, name, "an integer from 1", |number| {
        number.is_finite() && number.fract() == 0.0 && number >= 1.0
    })?;
    // A cast saturates.
    Ok(number.map(|number| number as usize))
}
