mod fuzz;
mod request;
