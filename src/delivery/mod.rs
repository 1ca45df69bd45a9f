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
use crate::instance::{Instance, Instances};

/// Maximum time of deliveries before the event loop gets a turn. After a chunk, which takes long by itself, it gets
/// one at once.
const MAX_TURN: Duration = Duration::from_millis(1);

/// Delivers the items that are ready, for at most one turn of the event loop; the rest follow in later turns.
///
/// A panic fails only the operation whose item was being delivered. It must not leave a function that Node calls,
/// because it would end the process.
pub(crate) fn deliver(instance: &Instance, env: &Env) {
    let current = Cell::new(None);
    if let Err(panic) = catch_panic(|| deliver_ready(instance, env, &current)) {
        // A panic while reporting is dropped, to avoid recursion.
        catch_panic(|| fail(instance, env, current.get(), panic)).ok();
        instance.deliver_later(env);
    }
}

/// Sets `current` to the operation that fails where the item being delivered is lost.
fn deliver_ready(instance: &Instance, env: &Env, current: &Cell<Option<OperationId>>) {
    let begun = Instant::now();
    while let Some(item) = instance.channel.next() {
        let is_long = matches!(item, Item::Chunk(_));
        match item {
            Item::Message(message) => {
                current.set(if let Message::Settle(id, _) = message { Some(id) } else { None });
                deliver_message(instance, env, message);
            }
            Item::Chunk(chunk) => {
                current.set(Some(chunk.operation_id));
                read::deliver_chunk(instance, env, chunk);
            }
        }
        if is_long || begun.elapsed() >= MAX_TURN {
            instance.deliver_later(env);
            break;
        }
    }
    current.set(None);
    settle_flushes(instance, env);
}

fn deliver_message(instance: &Instance, env: &Env, message: Message) {
    match message {
        Message::Report(report) => report::deliver(instance, env, report),
        Message::NotSerialisable(id) => {
            let error = instance.operations.with(id, |pending| pending.error.take()).flatten();
            if let Some(error) = error {
                report::log(instance, env, HostCallback::LogError, &[error.get(env)]);
            }
        }
        Message::RenewToken(renewed) => {
            // A callback that throws counts as no new token: specification.md, section 2.
            renewed.send(instance.token(env).ok().flatten()).ok();
        }
        Message::GrantToken { session_id, url, grant } => {
            grant.send(outbox::grant_token(instance, env, &session_id, &url)).ok();
        }
        Message::NothingDeferred(id) => {
            if instance.flushes.note_nothing_deferred(id) {
                instance.end_flush(env, id, true);
            }
        }
        Message::Delivered => instance.note_delivered(),
        Message::Collected(id) => {
            if let Ok(instances) = Instances::of(env) {
                instances.remove(id);
            }
        }
        Message::Kept(entries) => instance.finish_shutdown(env, entries),
        Message::Progress(id) => {
            read::deliver_progress(instance, env, id, |progress| Some(progress.report()));
        }
        Message::FlushTimeout(id) => instance.channel.send(Message::EndFlush(id)),
        Message::EndFlush(id) => {
            if let Some(flush) = instance.flushes.take(id) {
                instance.end_flush(env, id, flush.is_done());
            }
        }
        Message::Settle(id, outcome) => {
            if matches!(outcome, Outcome::List) {
                read::deliver_progress(instance, env, id, ProgressThrottle::finish);
            }
            panic_point!("settle");
            instance.settle(env, id, &outcome);
        }
    }
}

/// Resolves the flushes whose appends have settled.
fn settle_flushes(instance: &Instance, env: &Env) {
    for id in instance.flushes.take_done() {
        instance.end_flush(env, id, true);
    }
}

/// Reports a panic, and settles the operation that it ended. The report does not go through the channel, because the
/// end of the operation may be queued there already.
fn fail(instance: &Instance, env: &Env, id: Option<OperationId>, panic: String) {
    let operation = id.and_then(|id| instance.operations.with(id, |pending| pending.operation));
    let error = Error::Panicked(operation.unwrap_or(Operation::Report), panic);
    catch_panic(|| report::deliver(instance, env, Report::Error(error.into()))).ok();
    if let Some(id) = id {
        instance.settle(env, id, &Outcome::Failed);
    }
}
