//! Models of the core's concurrency. They run the core's own code with loom's locks and atomics in place of those of
//! `std` (feature `loom`), in every possible order of its threads. A deadlock, a panic and a failed assertion end the
//! search with the order that led there.
//!
//! `npm run test:model`; with part of a name, only the models whose names contain it.

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
    /// Maximum number of interruptions of threads; without a bound, every order is run. Most errors need one or two
    /// interruptions. `LOOM_MAX_PREEMPTIONS` overrides the bound.
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
