//! What the tests of several rooms need.

pub(crate) mod fuzz;
pub(crate) mod log_body;
pub(crate) mod script;
pub(crate) mod whole;
