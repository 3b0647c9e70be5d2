//! The capabilities of the server, as CAPABILITY lists them (RFC 9051 §6.1.1, §7.2.2).

use doors::Entrance;

/// Capabilities before and after the log-in.
const ALWAYS: &str = "IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE";

/// Capabilities that are useful only after the log-in.
const LOGGED_IN: &str = "IDLE NAMESPACE UIDPLUS MOVE UNSELECT CHILDREN LIST-EXTENDED LIST-STATUS SPECIAL-USE \
     CREATE-SPECIAL-USE CONDSTORE QRESYNC ESEARCH SEARCHRES WITHIN BINARY MULTIAPPEND STATUS=SIZE UTF8=ACCEPT OBJECTID \
     QUOTA QUOTA=RES-STORAGE";

/// Returns the capabilities for a client that has not logged in.
pub(super) fn before(entrance: Entrance) -> String {
    let mut list = ALWAYS.to_owned();
    if entrance.start_tls {
        list.push_str(" STARTTLS");
    }
    if entrance.log_in {
        for mechanism in sasl::Mechanism::ALL {
            list.push_str(" AUTH=");
            list.push_str(mechanism.name());
        }
    } else {
        list.push_str(" LOGINDISABLED");
    }
    list
}

/// Returns the capabilities for a client that has logged in.
pub(super) fn after(append_limit: u64) -> String {
    format!("{ALWAYS} {LOGGED_IN} APPENDLIMIT={append_limit}")
}
