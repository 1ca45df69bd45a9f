mod beside;
mod fleet;
mod model;
mod outage;
mod responses;
mod server;
mod waiting;
