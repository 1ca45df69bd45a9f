mod array_splitter;
mod fuzz;
