//! Secrets of mailboxes elsewhere. They must be readable by us, so they cannot be hashed as the passwords of our own
//! people are; they are encrypted with a key that lies beside the database and not in it, so that a copy of the
//! database alone (a backup, a snapshot) opens nothing elsewhere.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use mail::Password;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// The key's file in the data folder.
const FILE: &str = "fetch.key";

/// Seals and opens secrets.
pub struct Vault(LessSafeKey);

/// A secret cannot be opened: another key sealed it, or it is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored password cannot be read with the key in fetch.key; add the source again")]
pub struct WrongKey;

impl Vault {
    /// Opens the vault with the key of a data folder, which is made at the first call; only its owner can read it.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        let key = match read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(folder, &path)?,
            read => read?,
        };
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| io::Error::other("no key"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Encrypts a secret of the source called `name` (RFC 8439). The name is bound to it.
    pub fn seal(&self, name: &str, secret: &Password) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut sealed = secret.reveal().as_bytes().to_vec();
        let nonce_for_key = Nonce::assume_unique_for_key(nonce);
        if self.0.seal_in_place_append_tag(nonce_for_key, Aad::from(name), &mut sealed).is_err() {
            // Only for secrets of 256 GiB.
            return Vec::new();
        }
        [&nonce[..], &sealed].concat()
    }

    /// Decrypts it again.
    pub fn unseal(&self, name: &str, sealed: &[u8]) -> Result<Password, WrongKey> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or(WrongKey)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| WrongKey)?;
        let mut text = sealed.to_vec();
        let length = self.0.open_in_place(nonce, Aad::from(name), &mut text).map_err(|_| WrongKey)?.len();
        text.truncate(length);
        String::from_utf8(text).map(Password::new).map_err(|_| WrongKey)
    }
}

fn read(path: &Path) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    File::open(path)?.read_exact(&mut key)?;
    Ok(key)
}

/// Written whole under another name first: two that begin at the same time end with the same key.
fn make(folder: &Path, path: &Path) -> io::Result<[u8; 32]> {
    let key: [u8; 32] = rand::random();
    let draft = folder.join(format!("{FILE}.{:016x}", rand::random::<u64>()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(&key)?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    File::open(folder)?.sync_all()?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read(path),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_opened_with_the_key_and_the_name_it_was_sealed_with() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = Password::new("très secret".to_owned());
        let sealed = Vault::open(folder.path()).unwrap().seal("alice", &secret);
        assert!(!sealed.windows(6).any(|w| w == b"secret"));
        let vault = Vault::open(folder.path()).unwrap();
        assert!(vault.unseal("alice", &sealed) == Ok(secret));
        assert!(vault.unseal("bob", &sealed).is_err());
        assert!(vault.unseal("alice", &sealed[..5]).is_err());
        assert!(Vault::open(elsewhere.path()).unwrap().unseal("alice", &sealed).is_err());
    }

    #[test]
    fn only_the_owner_can_read_the_key() {
        let folder = tempfile::tempdir().unwrap();
        Vault::open(folder.path()).unwrap();
        let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
