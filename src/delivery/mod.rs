//! Delivering what operations have for JavaScript, on its thread.

mod read;
mod report;

use std::cell::Cell;
use std::time::{Duration, Instant};

use napi::Env;
use session_ingress_core::channel::Item;
use session_ingress_core::panic::catch_panic;
use session_ingress_core::panic_point;
use session_ingress_core::read::ProgressThrottle;
use session_ingress_core::report::{Error, Operation, Report};

use crate::channel::{Message, OperationId, Outcome};
use crate::configure::HostCallback;
use crate::environment::Environment;

/// After so long the event loop gets its turn; after a chunk, which is long by itself, it does at once.
const TURN: Duration = Duration::from_millis(1);

/// Delivers what is ready, and the rest in later turns of the event loop.
///
/// A panic costs the operation that cannot go on without what was delivered, and nothing else: it must not leave a
/// function that Node calls, where it would end the process.
pub(crate) fn deliver(environment: &Environment, env: &Env) {
    let current = Cell::new(None);
    if let Err(panic) = catch_panic(|| deliver_ready(environment, env, &current)) {
        // A panic in this is dropped, to avoid recursion.
        catch_panic(|| fail(environment, env, current.get(), panic)).ok();
        environment.deliver_later(env);
    }
}

/// `current` is the operation that has failed where what is being delivered is lost.
fn deliver_ready(environment: &Environment, env: &Env, current: &Cell<Option<OperationId>>) {
    let begun = Instant::now();
    while let Some(item) = environment.channel.next() {
        let is_long = matches!(item, Item::Chunk(_));
        match item {
            Item::Message(message) => {
                current.set(if let Message::Settle(id, _) = message { Some(id) } else { None });
                deliver_message(environment, env, message);
            }
            Item::Chunk(chunk) => {
                current.set(Some(chunk.operation_id));
                read::deliver_chunk(environment, env, chunk);
            }
        }
        if is_long || begun.elapsed() >= TURN {
            environment.deliver_later(env);
            break;
        }
    }
    current.set(None);
    settle_flushes(environment, env);
}

fn deliver_message(environment: &Environment, env: &Env, message: Message) {
    match message {
        Message::Report(report) => report::deliver(environment, env, report),
        Message::NotSerialisable(id) => {
            let error = environment.operations.with(id, |pending| pending.error.take()).flatten();
            if let Some(error) = error {
                report::log(environment, env, HostCallback::LogError, &[error.get(env)]);
            }
        }
        Message::RenewToken(renewed) => {
            // Whatever goes wrong here, there is no new token.
            renewed.send(environment.instance.token(env).ok().flatten()).ok();
        }
        Message::Progress(id) => {
            read::deliver_progress(environment, env, id, |progress| Some(progress.report()));
        }
        Message::Settle(id, outcome) => {
            if matches!(outcome, Outcome::List) {
                read::deliver_progress(environment, env, id, ProgressThrottle::finish);
            }
            panic_point!("settle");
            environment.settle(env, id, outcome);
        }
    }
}

/// Resolves the flushes that wait for nothing any more.
fn settle_flushes(environment: &Environment, env: &Env) {
    for flush in environment.flushes.take_done() {
        environment.settle(env, flush.operation_id, Outcome::Boolean(true));
    }
}

/// Reports a panic here and now, because what waits in the channel may be the operation's end; then settles that.
fn fail(environment: &Environment, env: &Env, id: Option<OperationId>, panic: String) {
    let operation = id.and_then(|id| environment.operations.with(id, |pending| pending.operation));
    let error = Error::Panicked(operation.unwrap_or(Operation::Report), panic);
    catch_panic(|| report::deliver(environment, env, Report::Error(error))).ok();
    if let Some(id) = id {
        environment.settle(env, id, Outcome::Failed);
    }
}
