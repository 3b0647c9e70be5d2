//! Is a disk that should be there not there?

use std::fs;
use std::path::{Component, Path, PathBuf};

/// The place where the administrator wants a file system mounted (`/etc/fstab`) that holds `folder`, and where none is:
/// an empty folder is then not a new post office. `None` also if it is not known.
pub(crate) fn missing(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    let wanted = fs::read_to_string("/etc/fstab").ok()?;
    let mounted = fs::read_to_string("/proc/self/mountinfo").ok()?;
    missing_of(&folder, &wanted, &mounted)
}

fn missing_of(folder: &Path, fstab: &str, mountinfo: &str) -> Option<PathBuf> {
    let mounted: Vec<PathBuf> = mountinfo.lines().filter_map(|line| field(line, 4)).collect();
    let wanted = fstab.lines().map(str::trim).filter(|line| !line.starts_with('#')).filter_map(|line| field(line, 1));
    let above = |place: &PathBuf| place.components().count() > 1 && is_above(place, folder);
    wanted.filter(above).filter(|place| !mounted.contains(place)).max()
}

fn is_above(place: &Path, folder: &Path) -> bool {
    !folder.components().any(|part| part == Component::ParentDir) && folder.starts_with(place)
}

/// Both files write blanks in names as `\040`.
fn field(line: &str, number: usize) -> Option<PathBuf> {
    let field = line.split_ascii_whitespace().nth(number)?;
    Some(PathBuf::from(field.replace("\\040", " ").replace("\\011", "\t")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FSTAB: &str = "# <file system> <mount point>\nUUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n\
                         UUID=3 /var/lib/facteur ext4 defaults 0 2\n#UUID=4 /srv ext4\nUUID=5 /mnt/my\\040disk xfs\n";
    const ROOT: &str = "24 1 254:0 / / rw - ext4 /dev/vda rw\n";

    #[test]
    fn an_empty_folder_on_a_disk_that_is_not_mounted_is_told_from_a_new_one() {
        let missing = |folder: &str, mounted: &str| missing_of(Path::new(folder), FSTAB, mounted);
        assert_eq!(missing("/var/lib/facteur", ROOT), Some("/var/lib/facteur".into()));
        assert_eq!(missing("/var/lib/facteur/data", ROOT), Some("/var/lib/facteur".into()));
        assert_eq!(missing("/mnt/my disk/data", ROOT), Some("/mnt/my disk".into()));
        let mounted = format!("{ROOT}31 24 8:1 / /var/lib/facteur rw - ext4 /dev/sda1 rw\n");
        assert_eq!(missing("/var/lib/facteur", &mounted), None);
        for new in ["/var/lib/facteur2", "/srv/data", "/home/alice/data"] {
            assert_eq!(missing(new, ROOT), None, "{new}");
        }
    }
}
