//! Certificates, handshakes, and the data that must not survive STARTTLS.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use facteur_net::{ClientTls, Connection, Error, ServerTls, Stream, TlsError};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

const NAME: &str = "mail.alpha.test";

async fn pair() -> (Stream, Stream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (peer, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    (Stream::plain(accepted.unwrap().0).unwrap(), Stream::plain(peer.unwrap()).unwrap())
}

fn certificate_file(folder: &Path) -> PathBuf {
    folder.join("tls/self-signed-mail.alpha.test.pem")
}

fn roots(folder: &Path) -> ClientTls {
    ClientTls::with_roots(CertificateDer::from_pem_file(certificate_file(folder))).unwrap()
}

async fn shake(server: &ServerTls, client: &ClientTls, name: &str) -> (Result<Stream, Error>, Result<Stream, Error>) {
    let (us, peer) = pair().await;
    tokio::join!(us.start_tls_server(server), peer.start_tls_client(client, name))
}

#[test]
fn the_self_signed_certificate_is_kept_and_only_we_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    ServerTls::self_signed(folder.path(), NAME).unwrap();
    let first = std::fs::read(certificate_file(folder.path())).unwrap();
    let mode = std::fs::metadata(certificate_file(folder.path())).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    ServerTls::self_signed(folder.path(), NAME).unwrap();
    assert_eq!(std::fs::read(certificate_file(folder.path())).unwrap(), first);
}

#[tokio::test]
async fn a_certificate_that_somebody_vouched_for_is_taken_under_any_name_and_no_other_is() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerTls::self_signed(folder.path(), NAME).unwrap();
    let pem = std::fs::read(certificate_file(folder.path())).unwrap();
    let vouched = ClientTls::trusting(&pem, Vec::new()).unwrap();
    let (_, peer) = shake(&server, &vouched, "imap.other.test").await;
    assert!(peer.is_ok(), "{:?}", peer.err());
    let other = ServerTls::self_signed(elsewhere.path(), NAME).unwrap();
    let (_, peer) = shake(&other, &vouched, NAME).await;
    assert!(peer.is_err());
    let nobody = ClientTls::trusting(b"", vec![[7; 32]]).unwrap();
    assert!(shake(&server, &nobody, NAME).await.1.is_err());
}

#[tokio::test]
async fn who_trusts_the_self_signed_certificate_can_check_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServerTls::self_signed(folder.path(), NAME).unwrap();
    let client = roots(folder.path());
    for name in [NAME, "localhost", "127.0.0.1", "::1"] {
        let (us, peer) = shake(&server, &client, name).await;
        assert!(peer.is_ok(), "{name}: {:?}", peer.err());
        let info = us.unwrap().tls_info().unwrap();
        assert_eq!((info.version, info.cipher.as_str()), ("TLSv1.3", "TLS_AES_256_GCM_SHA384"));
    }
    let (_, peer) = shake(&server, &client, "mail.evil.test").await;
    assert!(peer.is_err());
}

#[tokio::test]
async fn opportunistic_tls_takes_any_certificate_and_verified_tls_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServerTls::self_signed(folder.path(), NAME).unwrap();
    let (us, peer) = shake(&server, &ClientTls::opportunistic().unwrap(), "mx.other.test").await;
    assert!(us.unwrap().is_tls() && peer.unwrap().is_tls());
    let (_, peer) = shake(&server, &ClientTls::verified().unwrap(), NAME).await;
    assert!(peer.is_err());
}

#[tokio::test]
async fn what_was_sent_in_clear_after_starttls_is_never_read() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServerTls::self_signed(folder.path(), NAME).unwrap();
    let client = ClientTls::opportunistic().unwrap();
    let (us, mut peer) = pair().await;
    peer.write_all(b"STARTTLS\r\nRCPT TO:<injected@evil.test>\r\n").await.unwrap();
    let mut us = Connection::new(us);
    assert_eq!(us.line(512).await.unwrap(), "STARTTLS\r\n");
    assert!(us.buffered().starts_with(b"RCPT"));
    let (us, peer) = tokio::join!(us.start_tls_server(&server), peer.start_tls_client(&client, NAME));
    let (mut us, mut peer) = (us.unwrap(), peer.unwrap());
    peer.write_all(b"EHLO a\r\n").await.unwrap();
    peer.flush().await.unwrap();
    assert_eq!(us.line(512).await.unwrap(), "EHLO a\r\n");
}

#[tokio::test]
async fn much_goes_through_tls_unharmed_in_both_directions() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServerTls::self_signed(folder.path(), NAME).unwrap();
    let (us, peer) = shake(&server, &ClientTls::opportunistic().unwrap(), NAME).await;
    let (mut us, mut peer) = (Connection::new(us.unwrap()), Connection::new(peer.unwrap()));
    let letter: Vec<u8> = (0..2_000_000u32).map(|n| (n % 251) as u8).collect();
    let expected = letter.clone();
    let sender = tokio::spawn(async move {
        us.write(b"{2000000}\r\n").await.unwrap();
        us.write(&letter).await.unwrap();
        us.flush().await.unwrap();
        us.line(512).await.unwrap()
    });
    assert_eq!(peer.line(512).await.unwrap(), "{2000000}\r\n");
    let mut got = Vec::new();
    while got.len() < expected.len() {
        got.extend_from_slice(&peer.piece(usize::MAX).await.unwrap());
    }
    assert!(got == expected);
    peer.write(b"thanks\r\n").await.unwrap();
    peer.flush().await.unwrap();
    assert_eq!(sender.await.unwrap(), "thanks\r\n");
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerTls::self_signed(old.path(), NAME).unwrap();
    ServerTls::self_signed(new.path(), NAME).unwrap();
    let client = roots(new.path());
    assert!(shake(&server, &client, NAME).await.1.is_err());
    let file = certificate_file(new.path());
    server.clone().replace(&file, &file).unwrap();
    assert!(shake(&server, &client, NAME).await.1.is_ok());
    server.reload().unwrap();
    assert!(shake(&server, &client, NAME).await.1.is_ok());
}

#[tokio::test]
async fn a_certificate_that_became_unreadable_leaves_the_old_one_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServerTls::self_signed(folder.path(), NAME).unwrap();
    let client = roots(folder.path());
    std::fs::write(certificate_file(folder.path()), "nonsense").unwrap();
    assert!(matches!(server.reload(), Err(TlsError::Content { .. })));
    assert!(shake(&server, &client, NAME).await.1.is_ok());
}

#[test]
fn a_missing_file_is_named() {
    let error = ServerTls::from_pem(Path::new("/nowhere/cert.pem"), Path::new("/nowhere/key.pem")).err().unwrap();
    assert!(error.to_string().contains("/nowhere/cert.pem"), "{error}");
}

#[tokio::test]
async fn a_peer_that_speaks_no_tls_is_an_error_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServerTls::self_signed(folder.path(), NAME).unwrap();
    let (us, mut peer) = pair().await;
    peer.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    assert!(us.start_tls_server(&server).await.is_err());
}
