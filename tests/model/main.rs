//! The core's concurrency in every order: its own code, with loom's locks and atomics in the place of those of
//! `std` (see `src/sync.rs`), run again and again until each order in which its threads can take their turns
//! has had its run. A deadlock, a panic and a failed assertion end the search with the order that led there.
//!
//! `npm run test:model`, or `cargo test --test model`; a part of a name runs the models that have it.

// Of the addon, not all is used here.
#![allow(dead_code, unused_imports)]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a model is a test")]

mod binding;
mod queue;
mod sync;

// The addon is one crate to which nothing can link: the files themselves are taken, with their tests, which are
// not run here.
#[path = "../../src/fuzz.rs"]
mod fuzz;
#[path = "../../src/http/mod.rs"]
mod http;
#[path = "../../src/ingress/mod.rs"]
mod ingress;
#[path = "../../src/test_hooks.rs"]
mod test_hooks;

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What holds in every order, and what shows it.
#[derive(Clone, Copy)]
struct Model {
    name: &'static str,
    /// A thread is interrupted at most so often; where there is no bound, every order is gone through. Most
    /// mistakes need one interruption, or two. `LOOM_MAX_PREEMPTIONS` is another bound for these models.
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
    for model in [queue::MODELS, binding::MODELS].concat() {
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
