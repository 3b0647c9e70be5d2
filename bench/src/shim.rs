//! The library that counts and slows down syncs, for any program.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The built library and the file it counts in.
pub struct Shim {
    folder: TempDir,
    disk: Disk,
}

/// The disk to imitate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk {
    /// Added to each sync, in microseconds.
    pub delay_us: u32,
    /// Syncs wait for one another.
    pub one_at_a_time: bool,
}

impl Shim {
    /// Builds the library with the C compiler.
    pub fn new(disk: Disk) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("opened");
        let shim = Self { folder, disk };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("slow_sync.c");
        let mut cc = Command::new("cc");
        cc.args(["-O2", "-shared", "-fPIC", "-o"]).arg(shim.library()).arg(source).arg("-ldl");
        assert!(cc.status().is_ok_and(|status| status.success()), "the C compiler does not build slow_sync.c");
        std::fs::write(shim.counter(), [0; 8]).expect("written");
        std::fs::set_permissions(shim.counter(), std::fs::Permissions::from_mode(0o666)).expect("opened");
        shim
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("slow_sync.so")
    }

    fn counter(&self) -> PathBuf {
        self.folder.path().join("count")
    }

    /// The environment of a program that is to be watched.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("LD_PRELOAD", self.library().display().to_string()),
            ("SYNC_COUNT", self.counter().display().to_string()),
            ("SYNC_DELAY_US", self.disk.delay_us.to_string()),
            ("SYNC_QUEUE", u8::from(self.disk.one_at_a_time).to_string()),
        ]
    }

    /// Syncs so far.
    pub fn syncs(&self) -> u64 {
        let bytes = std::fs::read(self.counter()).expect("a counter");
        bytes.try_into().map_or(0, u64::from_ne_bytes)
    }
}
