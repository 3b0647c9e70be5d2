//! Names of folders and labels, as Gmail writes them.

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

/// Modified UTF-7 (RFC 3501 §5.1.3), written apart from the one under test.
pub fn utf7(name: &str) -> String {
    let mut out = String::new();
    let mut wide: Vec<u8> = Vec::new();
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut wide, &mut out);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            wide.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut wide, &mut out);
    out
}

fn flush(wide: &mut Vec<u8>, out: &mut String) {
    if !wide.is_empty() {
        out.push('&');
        out.push_str(&GeneralPurpose::new(&IMAP_MUTF7, NO_PAD).encode(&wide));
        out.push('-');
        wide.clear();
    }
}

/// A string in quotes.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A label in X-GM-LABELS: an atom if that will do, else in quotes; those of the system with their backslash.
pub fn label(name: &str) -> String {
    let written = utf7(name);
    let atom = !written.is_empty() && written.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/&+,".contains(&b));
    if atom { written } else { quoted(&written) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_rfc_3501_shows() {
        assert_eq!(utf7("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(utf7("R&D"), "R&-D");
        assert_eq!(label("\\Inbox"), "\"\\\\Inbox\"");
        assert_eq!(label("Été à la mer"), "\"&AMk-t&AOk- &AOA- la mer\"");
    }
}
