//! Names of files for names of folders: any file system takes them, and no two are the same in any of them.

use std::collections::HashSet;

use crate::sidecar;

/// Gives out names.
#[derive(Default)]
pub struct Names {
    taken: HashSet<String>,
}

/// Octets of one level.
const LONGEST: usize = 100;

impl Names {
    /// A path for a folder, `/` between its levels, that was not given before. The sidecar has the real name.
    pub fn path(&mut self, folder: &str) -> String {
        let path: Vec<String> = folder.split('/').map(level).collect();
        let path = path.join("/");
        let mut unique = path.clone();
        let mut turn = 2;
        // Some file systems do not tell capitals from small letters.
        while !self.taken.insert(unique.to_lowercase()) {
            unique = format!("{path} {turn}");
            turn += 1;
        }
        unique
    }
}

/// No character that Windows or a shell reads as something else, no dot at either end, no name of a device.
fn level(name: &str) -> String {
    let fits = |c: char| !c.is_control() && !"\\:*?\"<>|".contains(c);
    let mut level: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    while level.len() > LONGEST {
        level.pop();
    }
    let mut level = level.trim().trim_end_matches('.').to_owned();
    let device = matches!(level.to_ascii_lowercase().as_str(), "con" | "prn" | "aux" | "nul");
    if level.is_empty() || level.starts_with('.') || device || is_taken(&level) {
        level.insert(0, '_');
        // The ending makes it a file of letters.
        if is_taken(&level) {
            level.push('_');
        }
    }
    level
}

/// Returns true if a file that the export has beside or in the folders takes the name, or if it means something in a
/// Maildir. A name that ends like a file of letters would lie where such a file does: the folder `a.mbox/b` where the
/// letters of `a` are.
fn is_taken(name: &str) -> bool {
    let name = name.to_lowercase();
    let is_file = [".mbox", ".eml"].iter().any(|ending| name.ends_with(ending));
    is_file || name == sidecar::NAME || matches!(name.as_str(), "cur" | "new" | "tmp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_get_names_that_every_file_system_takes() {
        let mut names = Names::default();
        assert_eq!(names.path("Élèves/2026"), "Élèves/2026");
        assert_eq!(names.path("élèves/2026"), "élèves/2026 2");
        assert_eq!(names.path("a:b/../.x/cur"), "a_b/_/_.x/_cur");
        assert_eq!(names.path("nul"), "_nul");
        assert_eq!(
            names.path("Facteur-Mailbox.json/x.mbox/0000000001.eml"),
            "_Facteur-Mailbox.json/_x.mbox_/_0000000001.eml_"
        );
        assert!(names.path(&"é".repeat(500)).len() <= LONGEST);
    }
}
