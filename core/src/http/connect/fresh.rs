//! Which connections have not carried a response yet.
//!
//! A server closes a connection that was idle for a while, and a request that is just being written to it is lost.
//! On a new connection the same error means a real failure. reqwest does not tell the two apart, but its errors and responses name
//! the connection by its local address.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::http::Extensions;
use hyper_util::client::legacy::Error as ClientError;
use hyper_util::client::legacy::connect::{Connected, HttpInfo};

use crate::http::error::causes;

/// The connections of one client that have not carried a response yet, by their local addresses.
#[derive(Clone, Default)]
pub(in crate::http) struct FreshConnections(Arc<Mutex<HashSet<SocketAddr>>>);

impl FreshConnections {
    fn addresses(&self) -> MutexGuard<'_, HashSet<SocketAddr>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a connection that was just made.
    pub(super) fn add(&self, connected: &Connected) {
        self.addresses().extend(local_address(connected));
    }

    /// Notes a response.
    pub(in crate::http) fn responded(&self, response: &reqwest::Response) {
        if let Some(info) = response.extensions().get::<HttpInfo>() {
            self.addresses().remove(&info.local_addr());
        }
    }

    /// Whether the request that failed with this error was sent over a connection that had carried a response before.
    pub(in crate::http) fn was_reused(&self, error: &reqwest::Error) -> bool {
        let error = causes(error).into_iter().find_map(|cause| cause.downcast_ref::<ClientError>());
        let address = error.and_then(ClientError::connect_info).and_then(local_address);
        // Removed: the connection is gone, and its address free for another one.
        address.is_some_and(|address| !self.addresses().remove(&address))
    }
}

fn local_address(connected: &Connected) -> Option<SocketAddr> {
    let mut extras = Extensions::new();
    connected.get_extras(&mut extras);
    extras.get().map(HttpInfo::local_addr)
}
