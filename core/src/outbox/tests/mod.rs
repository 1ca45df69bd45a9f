mod crashes;
mod directory;
mod format;
mod memory;
mod spools;
