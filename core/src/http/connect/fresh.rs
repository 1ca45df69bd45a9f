//! Connections that have not carried a response yet.
//!
//! A server closes a connection that was idle for a while, and a request that is just being written to it is lost.
//! On a new connection the same error means a real failure. reqwest does not tell the two apart, but its errors and responses name
//! the connection by its local address.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::http::Extensions;
use hyper_util::client::legacy::Error as ClientError;
use hyper_util::client::legacy::connect::{Connected, HttpInfo};

use crate::http::causes::causes;

/// The connections of one client that have not carried a response yet.
#[derive(Clone, Default)]
pub(in crate::http) struct FreshConnections(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The number of connects that were begun: the last one has it as its own number.
    begun: u64,
    /// The numbers of those that are under way.
    connecting: HashSet<u64>,
    /// Those that were made, by their local addresses.
    made: HashMap<SocketAddr, Made>,
}

struct Made {
    number: u64,
    /// Whether the server asked for a client certificate.
    asked: bool,
}

/// A connect that is under way.
pub(super) struct Connecting {
    fresh: FreshConnections,
    number: u64,
}

impl Connecting {
    /// Notes that the connection was made, and whether its server asked for a client certificate.
    pub(super) fn made(self, connected: &Connected, asked: bool) {
        if let Some(address) = local_address(connected) {
            self.fresh.state().made.insert(address, Made { number: self.number, asked });
        }
    }
}

impl Drop for Connecting {
    fn drop(&mut self) {
        self.fresh.state().connecting.remove(&self.number);
    }
}

impl FreshConnections {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a connection is being made.
    pub(super) fn connect(&self) -> Connecting {
        let mut state = self.state();
        state.begun += 1;
        let number = state.begun;
        state.connecting.insert(number);
        Connecting { fresh: self.clone(), number }
    }

    /// The connects that were begun until now.
    pub(in crate::http) fn begun(&self) -> u64 {
        self.state().begun
    }

    /// Whether every connection that was begun after the first `begun` has carried a response. A request that has none,
    /// and was sent meanwhile, was then sent over an older one.
    pub(in crate::http) fn have_responded_since(&self, begun: u64) -> bool {
        let state = self.state();
        !state
            .connecting
            .iter()
            .copied()
            .chain(state.made.values().map(|made| made.number))
            .any(|number| number > begun)
    }

    /// Notes a response.
    pub(in crate::http) fn responded(&self, response: &reqwest::Response) {
        if let Some(info) = response.extensions().get::<HttpInfo>() {
            self.state().made.remove(&info.local_addr());
        }
    }

    /// Whether the request that failed with this error was the first on its connection, whose server had asked for a
    /// client certificate.
    pub(in crate::http) fn had_asked(&self, error: &reqwest::Error) -> bool {
        let address = address_of(error);
        address.is_some_and(|address| self.state().made.get(&address).is_some_and(|made| made.asked))
    }

    /// Whether the request that failed with this error was sent over a connection that had carried a response before.
    pub(in crate::http) fn was_reused(&self, error: &reqwest::Error) -> bool {
        // Removed: the connection is gone, and its address free for another one.
        address_of(error).is_some_and(|address| self.state().made.remove(&address).is_none())
    }
}

fn address_of(error: &reqwest::Error) -> Option<SocketAddr> {
    let error = causes(error).into_iter().find_map(|cause| cause.downcast_ref::<ClientError>());
    error.and_then(ClientError::connect_info).and_then(local_address)
}

fn local_address(connected: &Connected) -> Option<SocketAddr> {
    let mut extras = Extensions::new();
    connected.get_extras(&mut extras);
    extras.get().map(HttpInfo::local_addr)
}
