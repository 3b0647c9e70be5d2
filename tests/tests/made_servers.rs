//! The servers that the tests make themselves, used by programs we did not write: so that a test of the MRA tests the
//! MRA.

use std::process::Command;
use std::time::{Duration, Instant};

use tests::provider::FakeProvider;
use tests::{Cut, GMAIL_PASSWORD, GMAIL_USER, Gmail, OldPop3, Output, client, generated_letter};

const DATE: &str = "17-Jul-2024 02:44:25 +0000";

fn imaplib(port: u16, script: &str) -> Output {
    let script = format!(
        "import imaplib, ssl\nimaplib.Commands['IDLE'] = ('SELECTED',)\n\
         m = imaplib.IMAP4_SSL('localhost', {port}, ssl_context=ssl._create_unverified_context())\n{script}"
    );
    client(Command::new("python3").args(["-c", &script]), b"")
}

fn letter(id: &str) -> Vec<u8> {
    generated_letter(id, "bob@beta.test", GMAIL_USER, 600)
}

#[test]
fn python_sees_one_letter_with_two_labels_in_three_folders() {
    let gmail = Gmail::start(None);
    let id = gmail.state().mailbox.add(&letter("one"), &["\\Inbox", "Été à Paris"], &["\\Seen"], DATE);
    gmail.state().mailbox.add(&letter("spam"), &["\\Junk"], &[], DATE);
    let script = format!(
        "m.login('{GMAIL_USER}', '{GMAIL_PASSWORD}')
print(sorted(line.decode().split(' \"/\" ')[1] for line in m.list()[1]))
for folder in ('INBOX', '\"&AMk-t&AOk- &AOA- Paris\"', '\"[Gmail]/All Mail\"'):
    assert m.select(folder, readonly=True)[1] == [b'1']
    print(m.uid('FETCH', '1:*', '(X-GM-MSGID X-GM-LABELS FLAGS INTERNALDATE BODY.PEEK[HEADER.FIELDS (SUBJECT)])')[1])
    assert len(m.uid('FETCH', '1', '(BODY.PEEK[])')[1][0][1]) > 600
print(m.uid('SEARCH', 'SINCE', '18-Jul-2024')[1], m.uid('SEARCH', 'SINCE', '17-Jul-2024')[1])
m.logout()"
    );
    let out = imaplib(gmail.imaps, &script).must_succeed().out;
    assert!(out.contains("'\"&AMk-t&AOk- &AOA- Paris\"'"), "{out}");
    assert!(
        out.contains(&format!("X-GM-MSGID {id} X-GM-LABELS (\"\\\\\\\\Inbox\" \"&AMk-t&AOk- &AOA- Paris\")")),
        "{out}"
    );
    assert!(
        out.contains(r#"INTERNALDATE "17-Jul-2024 02:44:25 +0000""#) && out.contains("Subject: letter one"),
        "{out}"
    );
    assert!(out.ends_with("[b''] [b'1']\n"), "{out}");
    assert_eq!(gmail.state().counts.bodies, [(id, 3)].into());
}

#[test]
fn python_deletes_a_letter_as_gmail_lets_it() {
    let gmail = Gmail::start(None);
    let id = gmail.state().mailbox.add(&letter("one"), &["\\Inbox", "Work"], &[], DATE);
    let script = format!(
        "m.login('{GMAIL_USER}', '{GMAIL_PASSWORD}')
m.select('INBOX')
m.store('1', '+FLAGS', r'(\\Deleted)')
print(m.expunge()[1])
m.select('Work')
m.uid('COPY', '1', '\"[Gmail]/Trash\"')
m.select('\"[Gmail]/Trash\"')
m.store('1', '+FLAGS', r'(\\Deleted)')
m.expunge()"
    );
    let out = imaplib(gmail.imaps, &script).must_succeed().out;
    assert!(out.starts_with("[b'1']"), "{out}");
    assert!(gmail.state().mailbox.letter(id).is_none());
}

#[test]
fn python_comes_in_with_a_token_and_not_with_an_old_one() {
    let provider = FakeProvider::start();
    let gmail = Gmail::start(Some(provider.clone()));
    let curl = |token: &str| {
        let url = format!("imaps://127.0.0.1:{}/", gmail.imaps);
        let words = ["--silent", "--insecure", "--user", GMAIL_USER, "--oauth2-bearer", token, &url];
        client(Command::new("curl").args(words), b"")
    };
    let form = "grant_type=refresh_token&refresh_token=refresh-0&client_id=facteur-of-the-test";
    let answer = client(
        Command::new("curl")
            .args(["--silent", "--data", form, "--data-urlencode", "client_secret=le secret du client"])
            .arg(provider.url("token")),
        b"",
    );
    let answer: serde_json::Value = serde_json::from_str(&answer.must_succeed().out).expect("json");
    let token = answer["access_token"].as_str().expect("a token");
    assert!(curl(token).must_succeed().out.contains("[Gmail]/All Mail"));
    provider.forget_access();
    assert_ne!(curl(token).code, 0);
    let state = gmail.state();
    assert_eq!((state.counts.logins, state.counts.refused), (2, 1));
}

#[test]
fn curl_takes_a_letter_from_the_old_pop3_server() {
    let pop3 = OldPop3::start();
    pop3.add(b"Subject: dots\r\n\r\n.one\r\n..two\r\n");
    let url = format!("pop3s://127.0.0.1:{}/1", pop3.pop3s);
    let words = ["--silent", "--insecure", "--user", "alice:secret", &url];
    let out = client(Command::new("curl").args(words), b"").must_succeed().out;
    assert_eq!(out, "Subject: dots\r\n\r\n.one\r\n..two\r\n");
    let list = ["--silent", "--insecure", "--user", "alice:secret", "--request", "UIDL", url.trim_end_matches('1')];
    assert_ne!(client(Command::new("curl").args(list), b"").code, 0);
    pop3.state().modern = true;
    assert_eq!(client(Command::new("curl").args(list), b"").must_succeed().out, "1 uid-0\r\n");
}

#[test]
fn a_line_breaks_where_it_is_told_to_and_is_slow_where_it_is_told_to() {
    let pop3 = OldPop3::start();
    pop3.add(&letter("long").repeat(100));
    let cut = Cut::to(pop3.pop3s);
    let fetch = || {
        let url = format!("pop3s://127.0.0.1:{}/1", cut.port);
        client(Command::new("curl").args(["--silent", "--insecure", "--user", "alice:secret", &url]), b"").out.len()
    };
    // Counted, because curl takes a broken connection for the end of a letter.
    let whole = fetch();
    assert!(whole > 55_000);
    let octets = cut.octets();
    cut.line().cut_after = Some(20_000);
    assert!(fetch() < 20_000);
    assert_eq!((cut.cuts(), cut.octets()), (1, octets + 20_000));
    *cut.line() = tests::Line { rate: Some(octets), ..tests::Line::default() };
    let started = Instant::now();
    assert_eq!(fetch(), whole);
    assert!(started.elapsed() >= Duration::from_millis(800));
    cut.line().down_until = Some(Instant::now() + Duration::from_secs(60));
    assert_eq!(fetch(), 0);
}
