//! The last error of an append, for a status line.

use std::sync::Arc;
use std::time::SystemTime;

use crate::report::{About, ErrorReport};

/// An error of an append, and when it came.
#[derive(Clone, Debug)]
pub struct LastError {
    pub code: &'static str,
    pub message: String,
    pub status: Option<u16>,
    pub session_id: Option<Arc<str>>,
    pub uuid: Option<String>,
    pub at: SystemTime,
}

impl LastError {
    pub(super) fn now(ErrorReport { error, about }: &ErrorReport) -> Self {
        let About { session_id, uuid, .. } = about.clone();
        let (code, message, status) = (error.code(), error.to_string(), error.status());
        Self { code, message, status, session_id, uuid, at: SystemTime::now() }
    }
}
