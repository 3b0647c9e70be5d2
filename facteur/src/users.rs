//! The users of this machine, by name.

/// The name of a user, or its number if it has none.
pub fn name_of(uid: u32) -> String {
    named(uid).unwrap_or_else(|| uid.to_string())
}

/// The name of a user.
pub fn named(uid: u32) -> Option<String> {
    nix::unistd::User::from_uid(uid.into()).ok().flatten().map(|user| user.name)
}
