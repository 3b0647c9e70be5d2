mod command_line;
mod commands;
mod config;
mod language;
mod table;
fn main() {}
