//! The loop that stands behind every door that speaks SMTP: reception, submission, and LMTP.

mod budget;
mod house;

pub use budget::{Budget, NoMemory, Share};
pub use house::{House, Timeouts};
