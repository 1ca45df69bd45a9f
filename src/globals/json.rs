//! V8's own JSON, and lists that grow by the chunk.

use bytes::Bytes;
use napi::{Env, JsValue};

use session_ingress_core::json::JsonText;
use session_ingress_core::read::SinkError;

use super::Realm;
use crate::js::{Persistent, Thrown, Value, array, as_utf8, call, get, global, undefined};

/// JSON and array functions of the environment, as they were when the addon was loaded. Later changes of the globals by
/// the host have no effect here.
pub(crate) struct Json {
    stringify: Persistent,
    parse: Persistent,
    push: Persistent,
    apply: Persistent,
}

impl Json {
    pub(crate) fn new(env: &Env) -> Result<Self, Thrown<'_>> {
        let json = get(env, global(env), "JSON")?;
        let push = get(env, array(env), "push")?;
        let keep = |value| Persistent::new(env, value);
        Ok(Self {
            stringify: keep(get(env, json, "stringify")?),
            parse: keep(get(env, json, "parse")?),
            push: keep(push),
            apply: keep(get(env, push, "apply")?),
        })
    }

    /// `JSON.stringify(entry)`; `None` where the result is `undefined`.
    pub(crate) fn stringify<'e>(
        &self,
        realm: Realm<'e>,
        entry: Value<'_>,
    ) -> Result<Option<Bytes>, Thrown<'e>> {
        let env = realm.env;
        let stringify = realm.global("stringify").unwrap_or_else(|| self.stringify.get(env));
        let text = call(env, stringify, undefined(env), &[entry])?;
        Ok(as_utf8(env, text).map(Bytes::from))
    }

    /// `list.push(...JSON.parse(entries))`. The array of the first entries becomes the list.
    pub(crate) fn extend(
        &self,
        realm: Realm<'_>,
        list: &mut Option<Persistent>,
        entries: JsonText,
    ) -> Result<(), SinkError> {
        let text = match &entries {
            JsonText::Latin1(text) => realm.env.create_string_latin1(text),
            JsonText::Utf16(text) => realm.env.create_string_utf16(text),
        };
        let text = text.map_err(|_| SinkError::TooLong(entries.characters()))?;
        self.push_parsed(realm, list, text.to_unknown()).map_err(|_| SinkError::NotJson)
    }

    fn push_parsed<'e>(
        &self,
        realm: Realm<'e>,
        list: &mut Option<Persistent>,
        text: Value<'_>,
    ) -> Result<(), Thrown<'e>> {
        let env = realm.env;
        let parse = realm.global("parse").unwrap_or_else(|| self.parse.get(env));
        let entries = call(env, parse, undefined(env), &[text])?;
        match list {
            None => *list = Some(Persistent::new(env, entries)),
            Some(list) => {
                let arguments = [list.get(env), entries];
                call(env, self.apply.get(env), self.push.get(env), &arguments)?;
            }
        }
        Ok(())
    }
}
