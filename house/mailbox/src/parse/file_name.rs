//! Names of attached files. A stranger writes them and a person saves a file under them, so they are cleaned in this one
//! place, and shown as they will be saved.

/// The longest name, in octets: file systems take 255, and a browser may add a number.
const LONGEST: usize = 200;
/// The longest ending that a name keeps when it is cut, in octets.
const LONGEST_ENDING: usize = 20;
/// The names that Windows keeps for devices, whatever ending follows.
const DEVICES: [&str; 7] = ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];
/// The characters that lead to another folder, or have a meaning of their own in the names of some system; and signs
/// that look like a slash and that some systems take for one.
const FORBIDDEN: &str = "/\\<>:\"|?*\u{2044}\u{2215}\u{2216}\u{29f5}\u{29f8}\u{29f9}\u{fe68}\u{ff0f}\u{ff3c}";

/// A name under which a file can be saved on any system, and which looks as what it is; `None` if nothing is left of
/// it.
pub fn clean(name: &str) -> Option<String> {
    let visible: String = name.chars().filter(|c| !is_hidden(*c)).collect();
    let name = one_blank(last_of_path(&visible));
    let name: String = name.chars().map(|c| if FORBIDDEN.contains(c) { '_' } else { c }).collect();
    let name = name.trim_matches(|c: char| c.is_whitespace()).trim_end_matches(['.', ' ']);
    // A name needs more than characters that only join or shape others.
    if name.chars().all(|c| matches!(c, '.' | '_' | '-' | ' ' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')) {
        return None;
    }
    // A dot before all would hide the file, and a dash would make it an option of a command.
    let name = match name.strip_prefix('.') {
        Some(rest) => format!("_{}", rest.trim_start_matches('.')),
        None => name.strip_prefix('-').map_or_else(|| name.to_owned(), |rest| format!("_{rest}")),
    };
    let name = if is_device(&name) { format!("_{name}") } else { name };
    Some(shortened(name))
}

/// Returns the last name of a path that leads somewhere; else all of it, since "1/2026" is a number.
fn last_of_path(name: &str) -> &str {
    let is_separator = |c: char| c == '/' || c == '\\';
    let name = name.trim();
    let has_drive = name.as_bytes().get(1) == Some(&b':') && name.starts_with(|c: char| c.is_ascii_alphabetic());
    let leads = has_drive || name.starts_with(is_separator) || name.split(is_separator).any(|step| step == "..");
    if !leads {
        return name;
    }
    let last = name.rsplit(is_separator).next().unwrap_or_default();
    if has_drive && last == name { name.get(2..).unwrap_or_default() } else { last }
}

/// Signs that nobody sees, and those that turn the direction of reading, so that "exe.pdf" ends in "exe".
fn is_hidden(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_nothing = matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}' | '\u{206a}'..='\u{206f}' | '\u{34f}' | '\u{180e}')
        || matches!(c, '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}');
    turns || is_nothing || (c.is_control() && !c.is_whitespace())
}

fn one_blank(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let numbered = |kind: &str| {
        stem.strip_prefix(kind)
            .is_some_and(|rest| matches!(rest, "0" | "¹" | "²" | "³") || matches!(rest.as_bytes(), [b'1'..=b'9']))
    };
    DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

/// Cut between characters, before the ending.
fn shortened(name: String) -> String {
    if name.len() <= LONGEST {
        return name;
    }
    let ending =
        name.rfind('.').map(|at| &name[at..]).filter(|ending| ending.len() <= LONGEST_ENDING).unwrap_or_default();
    let mut end = LONGEST - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", name[..end].trim_end_matches(['.', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_and_hide_nothing() {
        for (written, cleaned) in [
            ("report (1).pdf", "report (1).pdf"),
            ("été à la mer.pdf", "été à la mer.pdf"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\autoexec.bat", "autoexec.bat"),
            ("/etc/passwd", "passwd"),
            ("C:\\Users\\me\\a.doc", "a.doc"),
            ("c:evil.exe", "evil.exe"),
            ("invoice 11/2026.pdf", "invoice 11_2026.pdf"),
            ("a\r\nSet-Cookie: b.pdf", "a Set-Cookie_ b.pdf"),
            ("a\0b\u{7}.pdf", "ab.pdf"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("a\u{2067}b\u{200f}.pdf", "ab.pdf"),
            ("a\u{200b}.p\u{ad}df", "a.pdf"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("Com1 .txt", "_Com1 .txt"),
            ("LPT9.tar.gz", "_LPT9.tar.gz"),
            ("COMPANY.txt", "COMPANY.txt"),
            (".bashrc", "_bashrc"),
            ("...x", "_x"),
            ("a.exe. . ", "a.exe"),
            ("what?<is>|this*.txt", "what__is__this_.txt"),
            ("👨\u{200d}👩.png", "👨\u{200d}👩.png"),
            ("..\u{ff0f}..\u{2215}etc\u{ff3c}passwd", "__.._etc_passwd"),
            ("-rf", "_rf"),
            ("--help.txt", "_-help.txt"),
            ("CLOCK$.pdf", "_CLOCK$.pdf"),
            ("bill.pdf                    .exe", "bill.pdf .exe"),
            ("a\u{2028}b\u{3164}.txt", "a b.txt"),
        ] {
            assert_eq!(clean(written).as_deref(), Some(cleaned), "{written:?}");
        }
        for nothing in
            ["", " ", ".", "..", "/", "\\", "../..", "\u{202e}", "///", "a/../", "...", "-", "\u{200d}\u{fe0f}", "\0"]
        {
            assert_eq!(clean(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_cleaned_name_is_clean_and_short() {
        let long = format!("{}.tar.gz", "é".repeat(1000));
        let cleaned = clean(&long).unwrap();
        assert!(cleaned.len() <= LONGEST && cleaned.ends_with(".gz"), "{cleaned}");
        for name in [&long, "..a/../b", "_CON", "x: y", " . a", ".con"] {
            let once = clean(name).unwrap();
            assert_eq!(clean(&once).as_deref(), Some(&*once), "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_written_the_name_is_one_that_every_system_takes(
            name in "(\\PC|[./\\\\:* \\-_]|[\\x00-\\x1f\\x7f-\\u{9f}]|[\u{202e}\u{2066}\u{200f}\u{ff0f}]|con|nul|C:|é){0,120}",
        ) {
            let Some(cleaned) = clean(&name) else { return Ok(()) };
            proptest::prop_assert!(!cleaned.is_empty() && cleaned.len() <= LONGEST);
            proptest::prop_assert!(!cleaned.chars().any(|c| FORBIDDEN.contains(c) || is_hidden(c)), "{:?}", cleaned);
            proptest::prop_assert!(!cleaned.starts_with(['.', '-', ' ']) && !cleaned.ends_with(['.', ' ']), "{:?}", cleaned);
            proptest::prop_assert!(!is_device(&cleaned), "{:?}", cleaned);
            proptest::prop_assert_eq!(clean(&cleaned), Some(cleaned));
        }
    }
}
