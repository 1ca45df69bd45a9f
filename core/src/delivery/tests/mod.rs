mod model;
mod outage;
mod responses;
mod server;
