//! Builds the pages with npm, if it is here, and embeds them in the program. `FACTEUR_WEB_DIST=DIR` takes pages that
//! were built elsewhere. Without npm the program is whole but for its pages, and says so.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;

/// The files that the pages are built from.
const SOURCES: [&str; 7] =
    ["src", "public", "index.html", "package.json", "package-lock.json", "svelte.config.js", "vite.config.ts"];
const MORE: [&str; 2] = ["tsconfig.json", ".npmrc"];

fn main() {
    println!("cargo::rerun-if-env-changed=FACTEUR_WEB_DIST");
    let web = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("web");
    for source in SOURCES.iter().chain(&MORE) {
        println!("cargo::rerun-if-changed={}", web.join(source).display());
    }
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    let dist = match env::var_os("FACTEUR_WEB_DIST") {
        Some(dist) => {
            println!("cargo::rerun-if-changed={}", Path::new(&dist).display());
            Some(PathBuf::from(dist))
        }
        None => build(&web, &workshop(&out)).map_err(|why| say_missing(&why)).ok(),
    };
    let pages = dist.map(|dist| carry(&dist, &out.join("packed"))).unwrap_or_default();
    fs::write(out.join("pages.rs"), pages_as_code(&pages)).expect("the build folder can be written");
}

/// Returns the folder in which pages are built for all profiles: `pages` in `target`, which contains
/// PROFILE/build/PACKAGE/out.
fn workshop(out: &Path) -> PathBuf {
    out.ancestors().nth(4).unwrap_or(out).join("pages")
}

/// Reports missing pages, which are no failure. Cargo runs this again when something has been installed.
fn say_missing(why: &str) {
    println!("cargo::warning=the web pages are missing from this build: {why}");
    println!("cargo::rerun-if-env-changed=PATH");
    let path = env::var_os("PATH").unwrap_or_default();
    for folder in env::split_paths(&path).filter(|folder| folder.is_dir()) {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
}

/// Builds in a copy, so that nothing is left among the sources; once for the same sources, whichever profile asks.
fn build(web: &Path, workshop: &Path) -> Result<PathBuf, String> {
    let copy = workshop.join("web");
    fs::create_dir_all(&copy).map_err(said("the build folder"))?;
    // Builds of two profiles may run beside each other.
    let turn = fs::File::create(workshop.join("lock")).map_err(said("the build folder"))?;
    turn.lock().map_err(said("the build folder"))?;
    let dist = workshop.join(format!("dist-{:016x}", digest(web).map_err(said("the sources"))?));
    if dist.is_dir() {
        return Ok(dist);
    }
    let lock = fs::read(web.join("package-lock.json")).map_err(said("package-lock.json"))?;
    for source in SOURCES.iter().chain(&MORE) {
        let (from, to) = (web.join(source), copy.join(source));
        let _ = if to.is_dir() { fs::remove_dir_all(&to) } else { fs::remove_file(&to) };
        copy_all(&from, &to).map_err(said(source))?;
    }
    let stamp = copy.join("installed");
    if fs::read(&stamp).ok().as_ref() != Some(&lock) {
        npm(&copy, &["ci", "--no-audit", "--no-fund", "--ignore-scripts"])?;
        fs::write(&stamp, &lock).map_err(said("the build folder"))?;
    }
    npm(&copy, &["run", "build"])?;
    // Earlier pages belong to other sources; another profile builds its own again when it needs them.
    for old in fs::read_dir(workshop).into_iter().flatten().flatten() {
        if old.file_name().to_string_lossy().starts_with("dist-") {
            let _ = fs::remove_dir_all(old.path());
        }
    }
    fs::rename(copy.join("dist"), &dist).map_err(said("the built pages"))?;
    Ok(dist)
}

/// Returns a digest that tells sources from others: their names and contents.
fn digest(web: &Path) -> std::io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    let mut waiting: Vec<PathBuf> = SOURCES.iter().chain(&MORE).map(|source| web.join(source)).collect();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let mut inside =
                fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
            inside.sort();
            waiting.extend(inside);
        } else if path.exists() {
            path.strip_prefix(web).unwrap_or(&path).hash(&mut hasher);
            fs::read(&path)?.hash(&mut hasher);
        }
    }
    Ok(hasher.finish())
}

fn said(what: &str) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{what}: {error}")
}

fn npm(folder: &Path, words: &[&str]) -> Result<(), String> {
    let mut npm = Command::new("npm");
    let output = npm.args(words).current_dir(folder).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("npm (install Node.js 20.19 or later): {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned();
    Err(format!("npm {} ended with {}: {last}", words.join(" "), output.status))
}

fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return if from.exists() { fs::copy(from, to).map(drop) } else { Ok(()) };
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy_all(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// A file of the pages.
struct Page {
    name: String,
    plain: PathBuf,
    /// The same file in gzip, if that is smaller.
    packed: Option<PathBuf>,
}

fn carry(dist: &Path, packed: &Path) -> Vec<Page> {
    let _ = fs::remove_dir_all(packed);
    fs::create_dir_all(packed).expect("the build folder can be written");
    let mut pages = Vec::new();
    let mut folders = vec![dist.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if let Some(name) = path.strip_prefix(dist).ok().and_then(Path::to_str) {
                let file = pack(&path, &packed.join(pages.len().to_string()));
                pages.push(Page { name: name.replace('\\', "/"), plain: path.clone(), packed: file });
            }
        }
    }
    pages.sort_by(|a, b| a.name.cmp(&b.name));
    pages
}

fn pack(plain: &Path, packed: &Path) -> Option<PathBuf> {
    let octets = fs::read(plain).ok()?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&octets).ok()?;
    let smaller = encoder.finish().ok().filter(|small| small.len() + 64 < octets.len())?;
    fs::write(packed, smaller).ok()?;
    Some(packed.to_owned())
}

fn pages_as_code(pages: &[Page]) -> String {
    let mut code = String::from("/// Sorted by name.\npub static PAGES: &[File] = &[\n");
    for page in pages {
        let packed = match &page.packed {
            Some(packed) => format!("Some(include_bytes!({packed:?}))"),
            None => "None".to_owned(),
        };
        let _ = writeln!(
            code,
            "    File {{ name: {:?}, plain: include_bytes!({:?}), packed: {packed} }},",
            page.name, page.plain
        );
    }
    code + "];\n"
}
