mod config;
mod language;
fn main() {}
