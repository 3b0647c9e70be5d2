//! Questions to a name server whose answers the test chooses, both honest and hostile ones.

mod answers;
mod authentication;
mod bounds;
mod hostile;
mod server;
