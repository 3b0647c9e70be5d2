mod command_line;
mod commands;
mod config;
mod failure;
mod language;
mod logs;
mod table;
fn main() {}
