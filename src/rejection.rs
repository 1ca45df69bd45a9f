//! The reasons for which a call throws or its promise rejects.

use napi::Env;

use crate::js::{Thrown, Value, type_error};

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

impl<'e> Rejection<'e> {
    pub(crate) fn into_value(self, env: &'e Env) -> Value<'e> {
        match self {
            Self::Type(message) => type_error(env, &message),
            Self::Thrown(value) => value,
        }
    }
}
