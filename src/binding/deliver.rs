//! Delivering what operations have for JavaScript, on its thread.

use std::time::{Duration, Instant};

use napi::Env;

use super::host::{Host, Pending};
use super::js::{self, Value};
use super::options::Binding;
use super::panics::caught;
use super::settle::{Batch, Change, Delivery, Message, OperationId, Outcome};
use crate::ingress::{Data, Diagnostic, Meter, Operation, Refused, Report};
use crate::test_hooks::panic_point;

/// After so long the event loop gets its turn; after a batch, which is long by itself, it does at once.
const TURN: Duration = Duration::from_millis(1);

impl Host {
    /// Delivers what is ready, and the rest in later turns of the event loop. Never throws.
    pub(super) fn deliver(&self, env: &Env) {
        let begun = Instant::now();
        while let Some(delivery) = self.channel.next() {
            let id = delivery.is_of();
            let is_long = matches!(delivery, Delivery::Batch(_));
            let delivered = caught(|| match delivery {
                Delivery::Message(message) => self.deliver_message(env, message),
                Delivery::Batch(batch) => self.deliver_batch(env, batch),
            });
            if let Err(panic) = delivered {
                self.fail_delivery(env, id, panic);
            }
            if is_long || begun.elapsed() >= TURN {
                self.deliver_later(env);
                break;
            }
        }
        self.settle_flushes(env);
    }

    fn deliver_message(&self, env: &Env, message: Message) {
        match message {
            Message::Report(report) => self.deliver_report(env, report),
            Message::NotSerialisable(id) => {
                let error =
                    self.operations.borrow_mut().get_mut(&id).and_then(|pending| pending.error.take());
                if let Some(error) = error {
                    self.log(env, Binding::LogError, &[error.get(env)]);
                }
            }
            Message::RenewToken(answer) => {
                // Whatever goes wrong here, there is no new token.
                answer.send(self.token(env).ok().flatten()).ok();
            }
            Message::Progress(id) => self.tell_progress(env, id, |meter| Some(meter.tell())),
            Message::Settle(id, outcome) => {
                if matches!(outcome, Outcome::List) {
                    self.tell_progress(env, id, Meter::finish);
                }
                self.settle(env, id, outcome);
            }
        }
    }

    pub(super) fn deliver_report(&self, env: &Env, report: Report) {
        panic_point!("report");
        match report {
            Report::Debug(line) => {
                let line = js::string(env, &line);
                self.show(env, line);
                self.log(env, Binding::LogForDebugging, &[line]);
            }
            Report::Error(error) => {
                let message = error.to_string();
                self.show(env, js::string(env, &message));
                self.log(env, Binding::LogError, &[js::error(env, &message)]);
            }
            Report::Diagnostic(diagnostic) => {
                let level = js::string(env, diagnostic.level().name());
                let event = js::string(env, diagnostic.event());
                match data(env, diagnostic) {
                    Some(data) => self.log(env, Binding::LogForDiagnosticsNoPII, &[level, event, data]),
                    None => self.log(env, Binding::LogForDiagnosticsNoPII, &[level, event]),
                }
            }
        }
    }

    /// Calls a logging binding, where there is one.
    fn log(&self, env: &Env, binding: Binding, arguments: &[Value<'_>]) {
        let function = self.options.borrow().binding(env, binding);
        if let Some(function) = function {
            self.notify(env, function, arguments);
        }
    }

    /// Calls a function of the host that has no say in what happens next: what it throws, or what its
    /// promise rejects with, is its own affair.
    pub(super) fn notify(&self, env: &Env, function: Value<'_>, arguments: &[Value<'_>]) {
        if let Ok(returned) = js::call(env, function, js::undefined(env), arguments)
            && js::is_promise(env, returned)
        {
            self.ignore_rejection(env, returned);
        }
    }

    pub(super) fn settle(&self, env: &Env, id: OperationId, outcome: Outcome) {
        panic_point!("settle");
        let Some(Pending { deferred, operation, reader, .. }) = self.remove(env, id) else { return };
        if let Some(reason) = reader.as_ref().and_then(|reader| reader.abort_reason(env)) {
            return deferred.reject(env, reason);
        }
        match outcome {
            Outcome::Boolean(is) => deferred.resolve(env, js::boolean(env, is)),
            Outcome::Appended(is, ticket) => {
                deferred.resolve(env, js::boolean(env, is));
                ticket.settle(is);
            }
            Outcome::Null => deferred.resolve(env, js::null(env)),
            Outcome::List => {
                let list = reader.and_then(|reader| reader.list);
                let list = list.map_or_else(|| js::array(env), |list| list.get(env));
                deferred.resolve(env, list);
            }
            Outcome::Rejected(message) => deferred.reject(env, js::error(env, &message)),
            Outcome::Failed => deferred.resolve(env, value_of_failed(env, operation)),
        }
    }

    fn deliver_batch(&self, env: &Env, Batch { operation, change, receipt }: Batch) {
        panic_point!("batch");
        // Taken out meanwhile: nothing is borrowed while JavaScript runs.
        let list = self.with_reader(operation, |reader| reader.is_wanted().then(|| reader.list.take()));
        // An operation that has settled or was aborted meanwhile wants no more.
        let Some(mut list) = list.flatten() else { return receipt.refuse(Refused::Gone) };
        let accepted = match change {
            Change::Add(entries) => self.json.extend(env, &mut list, entries),
            Change::Truncate(length) => {
                if let Some(list) = &list {
                    js::set_length(env, list.get(env), length);
                }
                Ok(())
            }
        };
        self.with_reader(operation, |reader| reader.list = list);
        if let Err(refused) = accepted {
            receipt.refuse(refused);
        }
    }
}

/// What the promise of an operation resolves to where it has failed.
pub(super) fn value_of_failed(env: &Env, operation: Operation) -> Value<'_> {
    match operation {
        Operation::Append | Operation::Flush => js::boolean(env, false),
        Operation::ReadLog | Operation::ReadTeleportEvents => js::null(env),
        Operation::Clear | Operation::Report => js::undefined(env),
    }
}

fn data(env: &Env, diagnostic: Diagnostic) -> Option<Value<'_>> {
    let Data { status, attempt } = diagnostic.data()?;
    let data = js::object(env);
    if let Some(status) = status {
        js::set(env, data, "status", js::number(env, status.into()));
    }
    if let Some(attempt) = attempt {
        js::set(env, data, "attempt", js::number(env, attempt.into()));
    }
    Some(data)
}
