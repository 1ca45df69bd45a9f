//! Why a call is refused.

use napi::Env;

use super::{Value, type_error};

/// The value that JavaScript threw.
pub(crate) struct Thrown<'e>(pub(crate) Value<'e>);

/// The reason for which the promise of a call rejects, or a call throws.
pub(crate) enum Rejection<'e> {
    /// A `TypeError` with this message, which names what was wrong.
    Type(String),
    /// A value that the host's own code threw.
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
