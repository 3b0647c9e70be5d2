//! The exit statuses that callers of sendmail know (`sysexits.h`).

/// The command line makes no sense.
pub const USAGE: u8 = 64;
/// The letter or an address in it is wrong.
pub const DATAERR: u8 = 65;
/// There is no letter.
pub const NOINPUT: u8 = 66;
/// A recipient does not exist.
pub const NOUSER: u8 = 67;
/// The letter is not taken.
pub const UNAVAILABLE: u8 = 69;
/// Standard input cannot be read.
pub const IOERR: u8 = 74;
/// Not now; the same may go later.
pub const TEMPFAIL: u8 = 75;
/// This user may not do that here.
pub const NOPERM: u8 = 77;
/// The configuration is wrong.
pub const CONFIG: u8 = 78;
