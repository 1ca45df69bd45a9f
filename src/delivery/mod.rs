//! Delivers the messages of operations, on the JavaScript thread.

mod outbox;
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

/// Maximum time of deliveries before the event loop gets a turn. After a chunk, which takes long by itself, it gets
/// one at once.
const MAX_TURN: Duration = Duration::from_millis(1);

/// Delivers the items that are ready, for at most one turn of the event loop; the rest follow in later turns.
///
/// A panic fails only the operation whose item was being delivered. It must not leave a function that Node calls,
/// because it would end the process.
pub(crate) fn deliver(environment: &Environment, env: &Env) {
    let current = Cell::new(None);
    if let Err(panic) = catch_panic(|| deliver_ready(environment, env, &current)) {
        // A panic while reporting is dropped, to avoid recursion.
        catch_panic(|| fail(environment, env, current.get(), panic)).ok();
        environment.deliver_later(env);
    }
}

/// Sets `current` to the operation that fails where the item being delivered is lost.
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
        if is_long || begun.elapsed() >= MAX_TURN {
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
            // A callback that throws counts as no new token: specification.md, section 2.
            renewed.send(environment.instance.token(env).ok().flatten()).ok();
        }
        Message::GrantToken { session_id, url, grant } => {
            grant.send(outbox::grant_token(environment, env, &session_id, &url)).ok();
        }
        Message::NothingDeferred(id) => {
            if environment.flushes.note_nothing_deferred(id) {
                environment.end_flush(env, id, true);
            }
        }
        Message::Kept(entries) => environment.finish_shutdown(env, entries),
        Message::Progress(id) => {
            read::deliver_progress(environment, env, id, |progress| Some(progress.report()));
        }
        Message::FlushTimeout(id) => environment.channel.send(Message::EndFlush(id)),
        Message::EndFlush(id) => {
            if let Some(flush) = environment.flushes.take(id) {
                environment.end_flush(env, id, flush.is_done());
            }
        }
        Message::Settle(id, outcome) => {
            if matches!(outcome, Outcome::List) {
                read::deliver_progress(environment, env, id, ProgressThrottle::finish);
            }
            panic_point!("settle");
            environment.settle(env, id, &outcome);
        }
    }
}

/// Resolves the flushes whose appends have settled.
fn settle_flushes(environment: &Environment, env: &Env) {
    for id in environment.flushes.take_done() {
        environment.end_flush(env, id, true);
    }
}

/// Reports a panic, and settles the operation that it ended. The report does not go through the channel, because the
/// end of the operation may be queued there already.
fn fail(environment: &Environment, env: &Env, id: Option<OperationId>, panic: String) {
    let operation = id.and_then(|id| environment.operations.with(id, |pending| pending.operation));
    let error = Error::Panicked(operation.unwrap_or(Operation::Report), panic);
    catch_panic(|| report::deliver(environment, env, Report::Error(error.into()))).ok();
    if let Some(id) = id {
        environment.settle(env, id, &Outcome::Failed);
    }
}
