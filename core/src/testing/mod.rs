//! Helpers for the tests of several modules.

pub(crate) mod fuzz;
pub(crate) mod log_body;
pub(crate) mod reference;
pub(crate) mod script;
