//! Finds the amount of memory of the machine.

use std::fs;
use std::path::{Path, PathBuf};

/// The memory that it takes to put 50 MB of attachments into a letter, and small letters beside it.
const LEAST: usize = 128 << 20;
const MOST: usize = 1 << 30;

/// Returns an eighth, within bounds.
pub(super) fn budget(memory: u64) -> usize {
    usize::try_from(memory / 8).unwrap_or(MOST).clamp(LEAST, MOST)
}

/// Returns the octets that this process may use: the machine's, or fewer if its control group has a limit.
pub(super) fn memory() -> u64 {
    let system = rustix::system::sysinfo();
    // `totalram` is as wide as a word of the machine, and `mem_unit` makes up for it.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
    let machine = (system.totalram as u64).saturating_mul(u64::from(system.mem_unit));
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    limits(Path::new("/sys/fs/cgroup"), &groups).min().unwrap_or(u64::MAX).min(machine)
}

/// Returns the limits of the control groups that the process is in (cgroups(7)), of both versions, and of the groups
/// above them.
fn limits<'a>(root: &'a Path, groups: &'a str) -> impl Iterator<Item = u64> + 'a {
    let places = groups.lines().filter_map(move |line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, group) = (fields.next()?, fields.next()?, fields.next()?);
        let (root, file) = match controllers {
            "" => (root.to_owned(), "memory.max"),
            _ if controllers.split(',').any(|one| one == "memory") => (root.join("memory"), "memory.limit_in_bytes"),
            _ => return None,
        };
        Some((root.clone(), root.join(group.trim_start_matches('/')), file))
    });
    // In a container, the group's own folder may be the root itself.
    places.flat_map(|(root, group, file)| {
        let above = group.ancestors().take_while(|folder| folder.starts_with(&root)).map(Path::to_owned);
        above.collect::<Vec<PathBuf>>().into_iter().filter_map(move |folder| read(&folder.join(file)))
    })
}

/// Reads a limit from a file; `max` means no limit.
fn read(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_of_one_gigabyte_gives_an_eighth_and_others_stay_within_bounds() {
        assert_eq!(budget(1 << 30), 128 << 20);
        assert_eq!(budget(256 << 20), LEAST);
        assert_eq!(budget(1 << 40), MOST);
        assert!(memory() >= 32 << 20);
    }

    #[test]
    fn the_narrowest_group_counts_in_either_version() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, limit: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, limit).unwrap();
        };
        write("mail/memory.max", "1000\n");
        write("mail/facteur/memory.max", "max\n");
        write("memory/old/memory.limit_in_bytes", "500\n");
        let least = |groups: &str| limits(folder.path(), groups).min();
        assert_eq!(least("0::/mail/facteur\n"), Some(1000));
        assert_eq!(least("5:cpu,cpuacct:/x\n4:memory:/old\n"), Some(500));
        assert_eq!(least("0::/elsewhere\n"), None);
    }
}
