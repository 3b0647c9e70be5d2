//! `facteur send`: takes the letter on standard input into the post office, as sendmail does.

mod envelope;
mod letter;
pub mod sysexits;
