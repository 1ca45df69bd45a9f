//! V8's own JSON, and lists that grow by the slice.

use bytes::Bytes;
use napi::Env;

use super::js::{self, Persistent, Thrown, Value};
use super::text::JsonText;
use crate::ingress::Refused;

/// The functions of the environment that are called again and again, as they were when the addon was
/// loaded: what a host does to its globals later changes nothing here.
pub(super) struct Json {
    json: Persistent,
    stringify: Persistent,
    parse: Persistent,
    push: Persistent,
    apply: Persistent,
}

impl Json {
    pub(super) fn new(env: &Env) -> Result<Self, Thrown<'_>> {
        let json = js::get(env, js::global(env), "JSON")?;
        let push = js::get(env, js::array(env), "push")?;
        let keep = |value| Persistent::new(env, value);
        Ok(Self {
            json: keep(json),
            stringify: keep(js::get(env, json, "stringify")?),
            parse: keep(js::get(env, json, "parse")?),
            push: keep(push),
            apply: keep(js::get(env, push, "apply")?),
        })
    }

    /// `JSON.stringify(entry)`: `None` where that is `undefined`.
    pub(super) fn stringify<'e>(&self, env: &'e Env, entry: Value<'_>) -> Result<Option<Bytes>, Thrown<'e>> {
        let text = js::call(env, self.stringify.get(env), self.json.get(env), &[entry])?;
        Ok(js::as_utf8(env, text).map(Bytes::from))
    }

    /// `list.push(...JSON.parse(entries))`. A list begins as its first entries.
    pub(super) fn extend(
        &self,
        env: &Env,
        list: &mut Option<Persistent>,
        entries: JsonText,
    ) -> Result<(), Refused> {
        let text = match &entries {
            JsonText::Latin1(text) => js::string_from_latin1(env, text),
            JsonText::Utf16(text) => js::string_from_utf16(env, text),
        };
        let text = text.map_err(|_| Refused::TooLong(entries.len()))?;
        self.push_parsed(env, list, text).map_err(|_| Refused::NotJson)
    }

    fn push_parsed<'e>(
        &self,
        env: &'e Env,
        list: &mut Option<Persistent>,
        text: Value<'_>,
    ) -> Result<(), Thrown<'e>> {
        let entries = js::call(env, self.parse.get(env), self.json.get(env), &[text])?;
        match list {
            None => *list = Some(Persistent::new(env, entries)),
            Some(list) => {
                let arguments = [list.get(env), entries];
                js::call(env, self.apply.get(env), self.push.get(env), &arguments)?;
            }
        }
        Ok(())
    }
}
