//! `cargo xtask deb [--program FILE] [--into FOLDER]`: a package for Debian, made with dpkg-deb alone.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Outcome, SHIPPED, cargo, root, step};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Makes the package, of the program that is named or else of one that is built for it, and says where it is.
pub fn make(words: &[String]) -> Outcome {
    let wish = Wish::read(words)?;
    let program = match wish.program {
        Some(program) => program,
        None => {
            step(cargo().args(["build", "--locked", "--profile", SHIPPED, "--package", "facteur"]))?;
            root().join("target").join(SHIPPED).join("facteur")
        }
    };
    let package = build(&program, &wish.into)?;
    println!("{}", package.display());
    Ok(())
}

struct Wish {
    program: Option<PathBuf>,
    into: PathBuf,
}

impl Wish {
    fn read(words: &[String]) -> Result<Self, String> {
        let mut wish = Self { program: None, into: root().join("target/debian") };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = words.next().map(PathBuf::from).ok_or_else(|| format!("{word} needs a path"))?;
            match word.as_str() {
                "--program" => wish.program = Some(value),
                "--into" => wish.into = value,
                _ => return Err(format!("cargo xtask deb knows --program FILE and --into FOLDER, and not {word}")),
            }
        }
        Ok(wish)
    }
}

/// Lays everything out as it will lie, and has it packed.
fn build(program: &Path, into: &Path) -> Result<PathBuf, String> {
    let stage = into.join("stage");
    if stage.exists() {
        fs::remove_dir_all(&stage).map_err(said(&stage))?;
    }
    let packaging = root().join("packaging");
    put(program, &stage.join("usr/bin/facteur"), 0o755)?;
    quietly(
        Command::new("strip")
            .args(["--strip-unneeded", "--remove-section=.comment"])
            .arg(stage.join("usr/bin/facteur")),
    )?;
    put(&packaging.join("systemd/facteur.service"), &stage.join("usr/lib/systemd/system/facteur.service"), 0o644)?;
    let share = stage.join("usr/share");
    quietly(Command::new(program).arg("manual").arg(&share).env("LANG", "C.UTF-8"))?;
    let docs = share.join("doc/facteur");
    put(&docs.join("examples/facteur.toml"), &stage.join("etc/facteur/facteur.toml"), 0o644)?;
    put(&packaging.join("deb/copyright"), &docs.join("copyright"), 0o644)?;
    for name in ["use.md", "utiliser.md", "install.md", "installer.md", "arrangements.md", "agencements.md"] {
        put(&root().join("docs").join(name), &docs.join(name), 0o644)?;
    }
    put(&packaging.join("deb/lintian-overrides"), &share.join("lintian/overrides/facteur"), 0o644)?;
    write(&docs.join("changelog"), &changelog()?, 0o644)?;
    quietly(Command::new("gzip").args(["-9", "-n"]).arg(docs.join("changelog")))?;
    let mut pages = Vec::new();
    below(&share.join("man"), &mut pages).map_err(said(&share))?;
    quietly(Command::new("gzip").args(["-9", "-n"]).args(&pages))?;
    control(&stage, program, &packaging.join("deb"))?;
    pack(&stage, into)
}

/// Writes the control files of the package for dpkg: the description, the scripts, and the list of files that are the
/// administrator's.
fn control(stage: &Path, program: &Path, scripts: &Path) -> Outcome {
    let folder = stage.join("DEBIAN");
    for name in ["postinst", "prerm", "postrm"] {
        put(&scripts.join(name), &folder.join(name), 0o755)?;
    }
    write(&folder.join("conffiles"), "/etc/facteur/facteur.toml\n", 0o644)?;
    let mut files = Vec::new();
    below(&stage.join("usr"), &mut files).map_err(said(stage))?;
    let sizes = files.iter().filter_map(|file| fs::metadata(file).ok());
    let kilobytes: u64 = sizes.map(|about| about.len().div_ceil(1024)).sum();
    let libc = libc_version(&fs::read(program).map_err(said(program))?);
    let text = format!(
        "Package: facteur\nVersion: {VERSION}\nArchitecture: {}\nMaintainer: {}\n\
         Installed-Size: {kilobytes}\nDepends: adduser, libc6 (>= 2.{libc}), libgcc-s1\n\
         Recommends: ca-certificates\nSection: mail\nPriority: optional\n\
         Description: whole chain of electronic mail in one program\n \
         Takes the letters you write, carries them, receives those written to you, files\n \
         them, keeps them and serves them to any mail client: SMTP, submission, LMTP,\n \
         IMAP, POP3, JMAP, and pages for the browser.\n",
        architecture()?,
        maintainer()
    );
    write(&folder.join("control"), &text, 0o644)
}

/// Whoever builds the package answers for it: the variables of Debian's own tools (dch) say who that is.
fn maintainer() -> String {
    let told = |name, otherwise: &str| std::env::var(name).unwrap_or_else(|_| otherwise.to_owned());
    format!("{} <{}>", told("DEBFULLNAME", "The authors of Facteur"), told("DEBEMAIL", "postmaster@localhost"))
}

fn architecture() -> Result<String, String> {
    let output = Command::new("dpkg").arg("--print-architecture").output();
    let output = output.map_err(|why| format!("dpkg did not start: {why} (a package for Debian is made on Debian)"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The newest version of the GNU C library whose symbols a program asks for: 34 for `GLIBC_2.34`; 0 if it asks for
/// none.
fn libc_version(program: &[u8]) -> u32 {
    const NAME: &[u8] = b"GLIBC_2.";
    let number = |rest: &[u8]| {
        let digits: String =
            rest.iter().take_while(|octet| octet.is_ascii_digit()).map(|octet| char::from(*octet)).collect();
        digits.parse().ok()
    };
    let found = program.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME);
    found.filter_map(|(at, _)| number(program.get(at + NAME.len()..)?)).max().unwrap_or(0)
}

/// Writes the change log, since Debian wants one. The changes stand in the history of the sources.
fn changelog() -> Result<String, String> {
    let date = Command::new("date").arg("-R").output().map_err(|why| format!("date did not start: {why}"))?;
    let date = String::from_utf8_lossy(&date.stdout).trim().to_owned();
    let who = maintainer();
    Ok(format!("facteur ({VERSION}) unstable; urgency=medium\n\n  * Built from its sources.\n\n -- {who}  {date}\n"))
}

fn pack(stage: &Path, into: &Path) -> Result<PathBuf, String> {
    readable(stage).map_err(said(stage))?;
    let package = into.join(format!("facteur_{VERSION}_{}.deb", architecture()?));
    quietly(Command::new("dpkg-deb").args(["--root-owner-group", "-Zgzip", "--build"]).arg(stage).arg(&package))?;
    Ok(package)
}

/// Whatever the umask of whoever builds: all may read everything, and programs stay programs.
fn readable(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            readable(&path)?;
        } else {
            let runs = fs::metadata(&path)?.permissions().mode() & 0o100 != 0;
            fs::set_permissions(&path, fs::Permissions::from_mode(if runs { 0o755 } else { 0o644 }))?;
        }
    }
    Ok(())
}

fn put(from: &Path, to: &Path, mode: u32) -> Outcome {
    let octets = fs::read(from).map_err(said(from))?;
    keep(to, &octets, mode)
}

fn write(to: &Path, text: &str, mode: u32) -> Outcome {
    keep(to, text.as_bytes(), mode)
}

fn keep(to: &Path, octets: &[u8], mode: u32) -> Outcome {
    let attempt = || -> io::Result<()> {
        fs::create_dir_all(to.parent().unwrap_or(Path::new(".")))?;
        fs::write(to, octets)?;
        fs::set_permissions(to, fs::Permissions::from_mode(mode))
    };
    attempt().map_err(said(to))
}

/// Every file in a folder.
fn below(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { below(&path, found)? } else { found.push(path) }
    }
    Ok(())
}

fn quietly(command: &mut Command) -> Outcome {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|why| format!("{name} did not start: {why}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{name} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
}

fn said(path: &Path) -> impl Fn(io::Error) -> String {
    move |why| format!("{}: {why}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_of_the_c_library_counts() {
        assert_eq!(libc_version(b"\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.4\0"), 34);
        assert_eq!(libc_version(b"static GLIBC_2."), 0);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert!(Wish::read(&words(&["--program"])).is_err());
        assert!(Wish::read(&words(&["--colour", "red"])).is_err());
        assert_eq!(Wish::read(&words(&["--program", "a"])).ok().and_then(|wish| wish.program), Some("a".into()));
    }
}
