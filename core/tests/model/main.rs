//! The core's concurrency in every order: its own code, with loom's locks and atomics in the place of those of
//! `std` (feature `loom`), run again and again until each order in which its threads can take their turns has had
//! its run. A deadlock, a panic and a failed assertion end the search with the order that led there.
//!
//! `npm run test:model`; a part of a name runs the models that have it.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a model is a test")]

mod channel;
mod queue;
mod waker;

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A property that holds in every order, and its check.
#[derive(Clone, Copy)]
struct Model {
    name: &'static str,
    /// The number of times that a thread may be interrupted; without a bound every order is run. Most mistakes need
    /// one interruption, or two. `LOOM_MAX_PREEMPTIONS` is another bound for these models.
    bound: Option<usize>,
    run: fn(),
}

const fn every_order(name: &'static str, run: fn()) -> Model {
    Model { name, bound: None, run }
}

const fn two_interruptions(name: &'static str, run: fn()) -> Model {
    Model { name, bound: Some(2), run }
}

fn main() {
    let wanted: Vec<_> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for model in [queue::MODELS, channel::MODELS].concat() {
        if wanted.is_empty() || wanted.iter().any(|part| model.name.contains(part.as_str())) {
            let executions = explore(model);
            println!("{}: {executions} executions", model.name);
        }
    }
}

fn explore(model: Model) -> usize {
    let executions = Arc::new(AtomicUsize::new(0));
    let counted = executions.clone();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = model.bound.map(|bound| builder.preemption_bound.unwrap_or(bound));
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        (model.run)();
    });
    executions.load(Ordering::Relaxed)
}
