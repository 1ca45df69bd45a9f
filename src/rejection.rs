//! The reasons for which a call throws or its promise rejects.

use crate::globals::Realm;
use crate::js::{Thrown, Value};

/// The reason for which a call throws, or its promise rejects.
pub(crate) enum Rejection<'e> {
    /// A `TypeError` with this message, which names what was wrong.
    Type(String),
    /// A value that code of the host threw.
    Thrown(Value<'e>),
}

impl<'e> From<Thrown<'e>> for Rejection<'e> {
    fn from(Thrown(value): Thrown<'e>) -> Self {
        Self::Thrown(value)
    }
}

impl From<napi::Error> for Rejection<'_> {
    fn from(error: napi::Error) -> Self {
        Self::Type(error.reason.to_string())
    }
}

impl<'e> Rejection<'e> {
    pub(crate) fn into_value(self, realm: Realm<'e>) -> Value<'e> {
        match self {
            Self::Type(message) => realm.type_error(&message),
            Self::Thrown(value) => value,
        }
    }
}
