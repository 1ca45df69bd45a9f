mod attempts;
mod case;
mod conflicts;
mod fuzz;
mod in_doubt;
mod oracle;
mod queued;
