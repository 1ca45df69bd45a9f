mod chain;
mod fuzz;
mod job;
mod log;
mod teleport;
mod turns;
