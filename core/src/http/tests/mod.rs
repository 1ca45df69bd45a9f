mod config;
mod fuzz;
