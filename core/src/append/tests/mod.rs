mod attempts;
mod case;
mod fuzz;
mod in_doubt;
mod queued;
