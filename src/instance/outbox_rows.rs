//! The rows of `outboxSessions`, as JavaScript gets them.

use session_ingress_core::append::Cause;
use session_ingress_core::outbox::Whereabouts;

use crate::channel::OutboxRow;
use crate::globals::Realm;
use crate::js::{self, Value};

pub(super) fn outbox_rows<'e>(realm: Realm<'e>, rows: &[OutboxRow]) -> Value<'e> {
    realm.list(rows.iter().map(|row| outbox_row(realm, row)))
}

fn outbox_row<'e>(realm: Realm<'e>, row: &OutboxRow) -> Value<'e> {
    let (env, object) = (realm.env, realm.object());
    let text = |text: Option<&str>| text.map_or_else(|| js::null(env), |text| js::string(env, text));
    let number = |number: Option<f64>| number.map_or_else(|| js::null(env), |number| js::number(env, number));
    let set = |key, value| js::set(env, object, key, value);
    match row {
        OutboxRow::Own(own) => {
            set("sessionId", js::string(env, &own.session_id));
            set("url", js::string(env, &own.url));
            set("entries", js::number(env, own.entries as f64));
            set("bytes", js::number(env, own.bytes as f64));
            set("since", number(own.since.map(|since| since as f64)));
            set("state", js::string(env, if own.deferred.is_some() { "deferred" } else { "sending" }));
            if let Some(cause) = own.deferred {
                set("reason", js::string(env, reason(cause)));
            }
        }
        OutboxRow::Other(other) => {
            let origin = other.origin.as_ref();
            set("sessionId", text(origin.map(|origin| origin.session_id.as_str())));
            set("url", text(origin.map(|origin| origin.url.as_str())));
            set("entries", number(other.entries.map(|entries| entries as f64)));
            set("bytes", js::number(env, other.bytes as f64));
            set("since", js::number(env, other.since as f64));
            set("state", js::string(env, state(other.whereabouts)));
        }
    }
    object
}

fn reason(cause: Cause) -> &'static str {
    match cause {
        Cause::Outage => "outage",
        Cause::Token => "token",
        Cause::Session | Cause::Entry => "session",
    }
}

fn state(whereabouts: Whereabouts) -> &'static str {
    match whereabouts {
        Whereabouts::Elsewhere => "elsewhere",
        Whereabouts::Waiting => "waiting",
        Whereabouts::Dead => "dead",
    }
}
