//! POP3 (RFC 1939): the INBOX of a person, for clients that take letters away.
