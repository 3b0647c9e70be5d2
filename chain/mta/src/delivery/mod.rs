//! Out to other servers.
