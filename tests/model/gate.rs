//! The gate of requests, while its size changes.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::thread;

use crate::{Model, every_order, two_interruptions};

#[path = "../../src/http/gate.rs"]
mod source;
use source::{Gate, Place};

pub(crate) const MODELS: &[Model] = &[
    every_order("gate: a place that is left while the gate shrinks is closed", left_while_shrinking),
    every_order(
        "gate: a place that was given while the gate shrank is closed when nobody takes it",
        given_up_while_shrinking,
    ),
    two_interruptions(
        "gate: who waits is let in when the gate grows while a place is left",
        left_while_growing,
    ),
];

fn enters(gate: &Gate) -> Option<Place<'_>> {
    match pin!(gate.enter()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(place) => Some(place),
        Poll::Pending => None,
    }
}

/// So many places are open.
fn places(gate: &Gate) -> usize {
    let mut places = Vec::new();
    while let Some(place) = enters(gate) {
        places.push(place);
    }
    places.len()
}

fn gate(limit: usize) -> &'static Gate {
    Box::leak(Box::new(Gate::new(limit)))
}

fn left_while_shrinking() {
    let gate = gate(2);
    let (first, second) = (block_on(gate.enter()), block_on(gate.enter()));
    let leaving = thread::spawn(move || drop(first));
    gate.resize(1);
    assert!(enters(gate).is_none(), "two are in, of one");
    leaving.join().unwrap();
    assert!(enters(gate).is_none(), "two are in, of one");
    drop(second);
    assert_eq!(places(gate), 1);
}

fn given_up_while_shrinking() {
    let gate = gate(2);
    let (first, second) = (block_on(gate.enter()), block_on(gate.enter()));
    let mut given_up = Box::pin(gate.enter());
    assert!(given_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let leaving = thread::spawn(move || drop(first));
    gate.resize(1);
    drop(given_up);
    assert!(enters(gate).is_none(), "two are in, of one");
    leaving.join().unwrap();
    assert!(enters(gate).is_none(), "two are in, of one");
    drop(second);
    assert_eq!(places(gate), 1);
}

fn left_while_growing() {
    let gate = gate(1);
    let first = block_on(gate.enter());
    let waiting = thread::spawn(move || drop(block_on(gate.enter())));
    let leaving = thread::spawn(move || drop(first));
    gate.resize(2);
    waiting.join().unwrap();
    leaving.join().unwrap();
    assert_eq!(places(gate), 2);
}
