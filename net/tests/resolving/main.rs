//! Questions to a name server that answers what a test says, by itself and as one that means harm.

mod answers;
mod bounds;
mod hostile;
mod server;
