//! The package for Debian: its files, its scripts, its unit, and the words of the first crates about a build.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tests::{facteur, root};

fn run(program: &str, words: &[&str]) -> Output {
    Command::new(program).args(words).output().unwrap_or_else(|why| panic!("{program}: {why}"))
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Makes a package of the program under test. `None` if this is no Debian.
fn package(into: &Path) -> Option<PathBuf> {
    if Command::new("dpkg-deb").arg("--version").output().is_err() {
        println!("NOT TRIED: dpkg-deb is not here");
        return None;
    }
    let xtask = facteur().with_file_name("xtask");
    let made = Command::new(xtask).arg("deb").arg("--program").arg(facteur()).arg("--into").arg(into).output();
    let made = made.expect("xtask is built with the workspace");
    assert!(made.status.success(), "{}", text(&made));
    Some(PathBuf::from(String::from_utf8_lossy(&made.stdout).trim()))
}

#[test]
fn the_package_holds_the_program_its_unit_its_manual_and_the_administrators_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(package) = package(folder.path()) else { return };
    let package = package.to_string_lossy();
    let listed = text(&run("dpkg-deb", &["-c", &package]));
    for (mode, name) in [
        ("-rwxr-xr-x root/root", "./usr/bin/facteur"),
        ("-rw-r--r-- root/root", "./usr/lib/systemd/system/facteur.service"),
        ("-rw-r--r-- root/root", "./etc/facteur/facteur.toml"),
        ("-rw-r--r-- root/root", "./usr/share/man/man1/facteur.1.gz"),
        ("-rw-r--r-- root/root", "./usr/share/man/fr/man5/facteur.toml.5.gz"),
        ("-rw-r--r-- root/root", "./usr/share/bash-completion/completions/facteur"),
        ("-rw-r--r-- root/root", "./usr/share/doc/facteur/copyright"),
        ("drwxr-xr-x root/root", "./usr/share/doc/facteur/"),
    ] {
        let found = listed.lines().find(|line| line.ends_with(&format!(" {name}")));
        assert!(found.is_some_and(|line| line.starts_with(mode)), "{name}: {found:?}\n{listed}");
    }
    assert!(!listed.contains("var/lib/facteur"), "a package that owned the letters' folder would take it away again");
    let depends = text(&run("dpkg-deb", &["-f", &package, "Depends"]));
    assert!(depends.contains("libc6 (>= 2.") && depends.contains("adduser"), "{depends}");
    let conffiles = text(&run("dpkg-deb", &["-I", &package, "conffiles"]));
    assert_eq!(conffiles.trim(), "/etc/facteur/facteur.toml");
    let config = folder.path().join("stage/etc/facteur/facteur.toml");
    let mut listing = Command::new(facteur());
    listing.args(["domain", "list", "--config"]).arg(&config).arg("--data").arg(folder.path()).env("LANG", "C");
    let said = text(&listing.output().expect("facteur runs"));
    assert!(said.contains("there is no post office"), "the example is a configuration that is understood: {said}");
}

#[test]
fn no_script_of_the_package_has_a_mistake_or_deletes_what_might_be_a_letter() {
    for script in ["postinst", "prerm", "postrm"] {
        let path = root().join("packaging/deb").join(script);
        let checked = run("sh", &["-n", &path.to_string_lossy()]);
        assert!(checked.status.success(), "{script}: {}", text(&checked));
        let source = std::fs::read_to_string(&path).expect("a script");
        for word in ["rm ", "rmdir", "deluser", "userdel", "unlink", "find "] {
            assert!(!source.contains(word), "{script} has {word:?}");
        }
    }
}

#[test]
fn the_unit_is_understood_and_gives_little_away() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("NOT TRIED: systemd-analyze is not here");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let source = std::fs::read_to_string(root().join("packaging/systemd/facteur.service")).expect("the unit");
    let unit = folder.path().join("facteur.service");
    let here = source.replace("/usr/bin/facteur", &facteur().to_string_lossy());
    std::fs::write(&unit, here).expect("written");
    let unit = unit.to_string_lossy();
    let verified = run("systemd-analyze", &["verify", "--man=no", "--recursive-errors=no", &unit]);
    assert!(verified.status.success() && !text(&verified).contains("Unknown"), "{}", text(&verified));
    // The figure goes from 0 to 10; as it is printed, 20 stands for 2.0.
    let figure = run("systemd-analyze", &["security", "--offline=true", "--threshold=25", "--no-pager", &unit]);
    let said = text(&figure);
    println!("{}", said.lines().last().unwrap_or_default());
    assert!(figure.status.success(), "{said}");
}

#[test]
fn a_build_without_node_makes_a_program_without_pages_and_says_so() {
    let build = facteur().with_file_name("build");
    let scripts = std::fs::read_dir(&build).expect("the build scripts").flatten().map(|entry| entry.path());
    let of_the_pages = |path: &PathBuf| path.to_string_lossy().contains("/facteur-mua-");
    let scripts = scripts.filter(of_the_pages).map(|path| path.join("build-script-build")).filter(|path| path.exists());
    let newest = scripts.max_by_key(|path| std::fs::metadata(path).and_then(|about| about.modified()).ok());
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("debug/build/facteur-mua/out");
    std::fs::create_dir_all(&out).expect("made");
    let mut script = Command::new(newest.expect("the pages are built by a script"));
    script.env_clear().env("PATH", "/nonexistent").env("OUT_DIR", &out);
    let ran = script.env("CARGO_MANIFEST_DIR", root().join("chain/mua")).output().expect("it runs");
    let said = text(&ran);
    assert!(ran.status.success(), "{said}");
    assert!(said.contains("cargo::warning=the web pages are missing") && said.contains("Node.js 20.19"), "{said}");
    let pages = std::fs::read_to_string(out.join("pages.rs")).expect("written");
    assert!(!pages.contains("File {"), "{pages}");
}
