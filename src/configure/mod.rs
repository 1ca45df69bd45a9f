//! Reads and checks the options of `configure`.

mod network;
mod options;
mod outbox;
mod values;

use napi::Env;
use session_ingress_core::append::Retry;
use session_ingress_core::http::{DEFAULT_MAX_CONCURRENT_REQUESTS, NetworkOptions};
use session_ingress_core::protocol::Timeouts;

use crate::js::{Persistent, Value};
use crate::rejection::Rejection;
use network::{read_proxy, read_tls};
pub(crate) use options::{CallSettings, HostCallback, Limits, Options};
use outbox::read_outbox;
pub(crate) use outbox::{GetToken, OutboxSettings};
use values::{boolean, count, count_or_zero, entries, function, milliseconds, read_group, statuses, unknown};

/// The changes of one call of `configure`, completely checked.
pub(crate) struct OptionsPatch {
    pub(crate) callbacks: Vec<(HostCallback, Option<Persistent>)>,
    settings: CallSettings,
    /// Set where `tls` or `proxy` is given; the settings of connections are then read again.
    network: Option<NetworkOptions>,
    /// Set where `outbox` is given: what it is from now on.
    pub(crate) outbox: Option<Option<OutboxSettings>>,
    /// `limits.maxConcurrentRequests`, where it is given. The limit is that of the process, so a call without it must
    /// not undo the limit that another environment has set.
    pub(crate) max_concurrent_requests: Option<usize>,
}

impl OptionsPatch {
    /// Reads `options` as a patch of `settings`, `network` and `outbox`. A key that is present replaces, `null` or
    /// `undefined` restores the default, an absent key stays.
    pub(crate) fn read<'e>(
        env: &'e Env,
        options: Value<'_>,
        settings: CallSettings,
        network: &NetworkOptions,
        outbox: &Option<OutboxSettings>,
    ) -> Result<Self, Rejection<'e>> {
        let mut patch = Self {
            callbacks: Vec::new(),
            settings,
            network: None,
            outbox: None,
            max_concurrent_requests: None,
        };
        for (key, value) in entries(env, options, "options")? {
            match key.as_str() {
                "retry" => patch.read_retry(env, value)?,
                "timeouts" => patch.read_timeouts(env, value)?,
                "limits" => patch.read_limits(env, value)?,
                "outbox" => read_outbox(env, value, patch.outbox.get_or_insert_with(|| outbox.clone()))?,
                "tls" => read_tls(env, value, patch.network.get_or_insert_with(|| network.clone()))?,
                "proxy" => read_proxy(env, value, patch.network.get_or_insert_with(|| network.clone()))?,
                name => {
                    let callback = HostCallback::ALL.into_iter().find(|callback| callback.name() == name);
                    let callback = callback.ok_or_else(|| unknown(&key))?;
                    patch.callbacks.push((callback, function(env, value, &key)?));
                }
            }
        }
        Ok(patch)
    }

    /// Whether the settings of connections must be read again.
    pub(crate) fn touches_connections(&self) -> bool {
        self.network.is_some()
    }

    fn read_retry<'e>(&mut self, env: &'e Env, value: Value<'_>) -> Result<(), Rejection<'e>> {
        let (retry, default) = (&mut self.settings.retry, Retry::default());
        read_group(env, value, "retry", retry, default, |retry, key, name, value| {
            match key {
                "maxAttempts" => {
                    retry.max_attempts = count(value, name)?.map_or(default.max_attempts, saturated);
                }
                "baseDelayMs" => {
                    retry.base_delay = milliseconds(value, name)?.unwrap_or(default.base_delay);
                }
                "maxDelayMs" => {
                    retry.max_delay = milliseconds(value, name)?.unwrap_or(default.max_delay);
                }
                "maxConflicts" => {
                    retry.max_conflicts =
                        count_or_zero(value, name)?.map_or(default.max_conflicts, saturated);
                }
                "verifyConflicts" => {
                    retry.verify_conflicts = boolean(value, name)?.unwrap_or(default.verify_conflicts);
                }
                "giveUpOn" => retry.give_up_on = statuses(env, value, name)?,
                _ => return Err(unknown(name)),
            }
            Ok(())
        })
    }

    fn read_timeouts<'e>(&mut self, env: &'e Env, value: Value<'_>) -> Result<(), Rejection<'e>> {
        let (timeouts, default) = (&mut self.settings.timeouts, Timeouts::default());
        read_group(env, value, "timeouts", timeouts, default, |timeouts, key, name, value| {
            let (timeout, default) = match key {
                "connectMs" => (&mut timeouts.connect, default.connect),
                "appendMs" => (&mut timeouts.append, default.append),
                "fetchMs" => (&mut timeouts.fetch, default.fetch),
                _ => return Err(unknown(name)),
            };
            *timeout = match milliseconds(value, name)? {
                // 0 means no timeout, as in Node.
                Some(limit) => Some(limit).filter(|limit| !limit.is_zero()),
                None => default,
            };
            Ok(())
        })
    }

    fn read_limits<'e>(&mut self, env: &'e Env, value: Value<'_>) -> Result<(), Rejection<'e>> {
        const DEFAULT: usize = DEFAULT_MAX_CONCURRENT_REQUESTS;
        let mut new = (self.settings.limits, self.max_concurrent_requests);
        let default = (Limits::default(), Some(DEFAULT));
        read_group(env, value, "limits", &mut new, default, |(limits, concurrent), key, name, value| {
            let bytes = |value| Ok::<_, Rejection<'e>>(count(value, name)?.map(|bytes| bytes as u64));
            match key {
                "maxConcurrentRequests" => *concurrent = Some(count(value, name)?.unwrap_or(DEFAULT)),
                "maxPendingBytes" => limits.max_pending_bytes = bytes(value)?,
                "maxResponseBytes" => {
                    limits.max_response_bytes = bytes(value)?.unwrap_or(Limits::default().max_response_bytes);
                }
                _ => return Err(unknown(name)),
            }
            Ok(())
        })?;
        (self.settings.limits, self.max_concurrent_requests) = new;
        Ok(())
    }
}

fn saturated(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
