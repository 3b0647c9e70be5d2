//! The configurations of clients as `docs/clients.md` shows them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::client::root;
use crate::office::{Office, Person};

/// Writes the configuration that the page shows for `client` into a file of `home`, where nobody else reads it. Only names,
/// ports and folders are changed to those of the test: `~` is `home`.
pub fn shown_client(office: &Office, person: &Person, home: &Path, client: &str) -> PathBuf {
    let page = std::fs::read_to_string(root().join("docs/clients.md")).expect("the page");
    let begin = format!("\n# {client}: ");
    let block = page.split("```").find(|block| block.contains(&begin));
    let block = block.unwrap_or_else(|| panic!("docs/clients.md shows no settings of {client}"));
    let (_, block) = block.split_once('\n').expect("lines");
    let text = block
        .replace("mail.example.org/.well-known", &format!("localhost:{}/.well-known", office.ports.https))
        .replace("imaps://mail.example.org/", &format!("imaps://localhost:{}/", office.ports.imaps))
        .replace("mail.example.org", "localhost")
        .replace(" 993", &format!(" {}", office.ports.imaps))
        .replace(" 995", &format!(" {}", office.ports.pop3s))
        .replace("alice@example.org", &person.address)
        .replace("app-password", &person.password)
        .replace("/etc/ssl/certs/ca-certificates.crt", &office.certificate().display().to_string())
        .replace('~', &home.display().to_string());
    std::fs::create_dir_all(home).expect("a folder");
    let file = home.join(format!("{client}rc"));
    std::fs::write(&file, text).expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("closed");
    file
}
