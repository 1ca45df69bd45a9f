mod names;
mod requests;
