mod addresses;
mod panics;
