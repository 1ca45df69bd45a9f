//! Delivers the entries of a read, and its progress.

use napi::Env;
use session_ingress_core::panic_point;
use session_ingress_core::read::{Progress, ProgressThrottle, SinkError};

use super::report::notify;
use crate::channel::{ListChunk, ListUpdate, OperationId};
use crate::instance::Instance;
use crate::js;

/// Applies an update to the list of a read; refuses it where the read has settled or was aborted.
pub(super) fn deliver_chunk(instance: &Instance, env: &Env, chunk: ListChunk) {
    panic_point!("batch");
    let ListChunk { operation_id, update, ack } = chunk;
    // The list is taken out, because nothing may be borrowed while JavaScript runs.
    let list = instance.operations.with_read(operation_id, |read| (!read.aborted).then(|| read.list.take()));
    let Some(mut list) = list.flatten() else { return ack.refuse(SinkError::Gone) };
    let applied = match update {
        ListUpdate::Add(entries) => instance.environment.json.extend(instance.realm(env), &mut list, entries),
        ListUpdate::Truncate(length) => {
            if let Some(list) = &list {
                js::set_length(env, list.get(env), length);
            }
            Ok(())
        }
    };
    instance.operations.with_read(operation_id, |read| read.list = list);
    if let Err(error) = applied {
        ack.refuse(error);
    }
}

/// Reports the progress of a read to its host, where it wants that.
pub(super) fn deliver_progress(
    instance: &Instance,
    env: &Env,
    id: OperationId,
    figures: impl FnOnce(&ProgressThrottle) -> Option<Progress>,
) {
    let wanted = instance.operations.with_read(id, |read| {
        let (function, throttle) = read.on_progress.as_ref().filter(|_| !read.aborted)?;
        Some((function.get(env), figures(throttle)?))
    });
    if let Some((function, Progress { entries, bytes, pages })) = wanted.flatten() {
        let progress = instance.realm(env).object();
        js::set(env, progress, "entries", js::number(env, entries as f64));
        js::set(env, progress, "bytes", js::number(env, bytes as f64));
        js::set(env, progress, "pages", js::number(env, pages.into()));
        notify(env, function, &[progress]);
    }
}
