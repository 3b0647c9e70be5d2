//! Foreign programs, run with a time limit.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::office::{Office, Person};

/// The output of a foreign program, and its exit status.
#[derive(Debug)]
pub struct Output {
    /// Exit status; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Output {
    /// Fails the test with all the program said unless it ended well.
    #[track_caller]
    pub fn must_succeed(self) -> Self {
        assert_eq!(self.code, 0, "it said:\n{}\n{}", self.out, self.err);
        self
    }
}

/// Runs a program to its end with `input` on standard input; at most two minutes.
pub fn client(command: &mut Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child =
        command.spawn().unwrap_or_else(|why| panic!("{name} does not start ({why}); `cargo xtask test` installs it"));
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let out = drain(child.stdout.take().expect("piped"));
    let err = drain(child.stderr.take().expect("piped"));
    let patience = Instant::now() + Duration::from_secs(120);
    let status = loop {
        if let Some(status) = child.try_wait().expect("wait") {
            break status;
        }
        if Instant::now() > patience {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{name} did not end within two minutes");
        }
        // time passes: between two looks
        std::thread::sleep(Duration::from_millis(10));
    };
    let _ = writer.join();
    Output { code: status.code().unwrap_or(-1), out: out.join().expect("read"), err: err.join().expect("read") }
}

fn drain(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Runs a script of `tests/clients` with Python.
pub fn python(script: &str, words: &[&str], input: &[u8]) -> Output {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(script);
    client(Command::new("python3").arg(path).args(words), input)
}

/// Runs a script of `tests/clients` with this Python, and these variables in its environment.
pub fn python_with(python: &Path, script: &str, words: &[&str], environment: &[(&str, &Path)]) -> Output {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(script);
    client(Command::new(python).arg(path).args(words).envs(environment.iter().copied()), b"")
}

/// The root of the repository.
pub fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// curl on the IMAPS door of an office, as `person`.
pub fn curl(office: &Office, person: &Person, path: &str, more: &[&str]) -> Output {
    let url = format!("imaps://127.0.0.1:{}/{path}", office.ports.imaps);
    let user = format!("{}:{}", person.address, person.password);
    client(Command::new("curl").args(["--silent", "--show-error", "--insecure", "--user", &user, &url]).args(more), b"")
}
