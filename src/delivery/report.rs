//! Calls the logging functions of the host.

use napi::{Env, JsValue};
use session_ingress_core::panic_point;
use session_ingress_core::report::{Data, Diagnostic, Report};

use crate::configure::HostCallback::{self, LogForDiagnosticsNoPII};
use crate::globals::Realm;
use crate::instance::{Instance, error_object};
use crate::js::{self, Value};

pub(super) fn deliver(instance: &Instance, env: &Env, report: Report) {
    panic_point!("report");
    match report {
        Report::Debug(line) => {
            let line = js::string(env, &line);
            instance.environment.write_node_debug(env, line);
            log(instance, env, HostCallback::LogForDebugging, &[line]);
        }
        Report::Error(report) => {
            instance.environment.write_node_debug(env, js::string(env, &report.error.to_string()));
            log(instance, env, HostCallback::LogError, &[error_object(instance.realm(env), &report)]);
        }
        Report::Diagnostic(diagnostic) => {
            let level = js::string(env, diagnostic.level().name());
            let event = js::string(env, diagnostic.event());
            match data(instance.realm(env), diagnostic) {
                Some(data) => log(instance, env, LogForDiagnosticsNoPII, &[level, event, data]),
                None => log(instance, env, LogForDiagnosticsNoPII, &[level, event]),
            }
        }
    }
}

/// Calls a logging function of the host, where it has one.
pub(super) fn log(instance: &Instance, env: &Env, callback: HostCallback, arguments: &[Value<'_>]) {
    if let Some(function) = instance.callback(env, callback) {
        notify(env, function, arguments);
    }
}

/// Calls a function of the host and ignores its result: an error that it throws, or a rejection of the promise that it
/// returns, changes nothing.
pub(super) fn notify(env: &Env, function: Value<'_>, arguments: &[Value<'_>]) {
    if let Ok(returned) = js::call(env, function, js::undefined(env), arguments)
        && returned.is_promise().unwrap_or(false)
    {
        js::ignore_rejection(env, returned);
    }
}

fn data(realm: Realm<'_>, diagnostic: Diagnostic) -> Option<Value<'_>> {
    let env = realm.env;
    let Data { status, attempt, gaps, entries, bytes, code } = diagnostic.data()?;
    let data = realm.object();
    if let Some(status) = status {
        js::set(env, data, "status", js::number(env, status.into()));
    }
    if let Some(attempt) = attempt {
        js::set(env, data, "attempt", js::number(env, attempt.into()));
    }
    if let Some(gaps) = gaps {
        js::set(env, data, "gaps", js::number(env, gaps as f64));
    }
    if let Some(entries) = entries {
        js::set(env, data, "entries", js::number(env, entries as f64));
    }
    if let Some(bytes) = bytes {
        js::set(env, data, "bytes", js::number(env, bytes as f64));
    }
    if let Some(code) = code {
        js::set(env, data, "code", js::string(env, code));
    }
    Some(data)
}
