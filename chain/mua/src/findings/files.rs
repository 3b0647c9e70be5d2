//! Files that do something when they are opened.

use mailbox::parse::{Part, Structure};

use super::{Finding, told};

/// The endings of files that Windows, Android or macOS run, or unpack silently to something they run (disk images).
const PROGRAMS: [&str; 45] = [
    "exe",
    "scr",
    "com",
    "pif",
    "bat",
    "cmd",
    "msi",
    "msp",
    "msix",
    "appx",
    "cpl",
    "dll",
    "hta",
    "jar",
    "js",
    "jse",
    "vbs",
    "vbe",
    "wsf",
    "wsh",
    "ws",
    "ps1",
    "psm1",
    "lnk",
    "url",
    "reg",
    "scf",
    "inf",
    "gadget",
    "application",
    "appref-ms",
    "chm",
    "iso",
    "img",
    "vhd",
    "vhdx",
    "apk",
    "dmg",
    "pkg",
    "command",
    "docm",
    "dotm",
    "xlsm",
    "xlam",
    "pptm",
];
/// The endings of files that the browser opens as a page, with forms and scripts in it.
const PAGES: [&str; 7] = ["html", "htm", "shtml", "xhtml", "mht", "mhtml", "svg"];
/// The endings of files that people take for harmless.
const DOCUMENTS: [&str; 22] = [
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "rtf", "txt", "csv", "jpg", "jpeg", "png", "gif",
    "webp", "heic", "mp3", "mp4", "zip", "html",
];

/// Returns the findings about the files of a letter.
pub fn findings(structure: &Structure) -> impl Iterator<Item = Finding> {
    let mut names = Vec::new();
    collect(&structure.root, &mut names);
    names.into_iter().filter_map(|name| of(&name))
}

/// Returns the finding about a file with this name.
pub fn of(name: &str) -> Option<Finding> {
    let lower = name.trim_end_matches(['.', ' ']).to_lowercase();
    let (stem, ending) = lower.rsplit_once('.')?;
    let file = told(name);
    // These characters turn a name around, so that its end is not where it seems to be.
    let turns = name.contains(|c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
    let pretends = stem.trim_end().rsplit_once('.').is_some_and(|(_, before)| DOCUMENTS.contains(&before.trim()));
    match (PROGRAMS.contains(&ending), PAGES.contains(&ending)) {
        (true, _) if pretends || turns => Some(Finding::DoubleEnding { file }),
        (true, _) => Some(Finding::Program { file }),
        (_, true) if pretends || turns => Some(Finding::DoubleEnding { file }),
        (_, true) => Some(Finding::WebPage { file }),
        _ => None,
    }
}

fn collect(part: &Part, names: &mut Vec<String>) {
    let inside = part.shown_parts().unwrap_or_else(|| part.children());
    if inside.is_empty() {
        // The text of a letter, which some programs give a name, is shown and not saved.
        let is_shown = part.is("text", "html") && !is_attached(part);
        names.extend(part.file_name().filter(|_| !is_shown));
    }
    inside.iter().for_each(|child| collect(child, names));
}

fn is_attached(part: &Part) -> bool {
    part.disposition.as_ref().is_some_and(|disposition| disposition.kind.eq_ignore_ascii_case(b"attachment"))
}
