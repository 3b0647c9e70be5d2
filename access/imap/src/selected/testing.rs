//! A store with one mailbox, and clients that use its selected folder without a connection between.

use std::sync::Arc;

use mail::seam::{AccountId, Login};
use mail::{Address, Timestamp};
use mailbox::{Access, FlagSet, FolderId, System, Uid};

use super::{run, select, updates};
use crate::codec::command::{Command, FolderCommand};
use crate::codec::decoder::{Event, Limits, decode_all};
use crate::session::{Answer, Enabled, Halt, Output, Server, Session};

const ACCOUNT: AccountId = AccountId(1);
const ACCESS: Access = Access::own(ACCOUNT);

/// A server with one mailbox.
pub struct Office {
    server: Arc<Server>,
    runtime: Arc<tokio::runtime::Runtime>,
    _data: tempfile::TempDir,
}

/// A client that has logged in.
pub struct Client {
    pub session: Session,
    runtime: Arc<tokio::runtime::Runtime>,
}

impl Office {
    pub fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let store =
            store::Store::open(store::Options::new(data.path()), &[mailbox::MIGRATIONS, trace::MIGRATIONS].concat())
                .unwrap();
        store.write_blocking(store::Key::Everything, |tx| mailbox::account::create(tx, ACCOUNT, None)).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self {
            server: Arc::new(Server::new(doors::Shared::new(store, Arc::new(people::two_people())))),
            runtime: Arc::new(runtime),
            _data: data,
        }
    }

    pub fn store(&self) -> &store::Store {
        &self.server.shared.store
    }

    pub fn folder(&self, name: &str) -> FolderId {
        let name = name.to_owned();
        let found = self.store().read_blocking(move |view| mailbox::folder::by_name(view, ACCESS, &name)).unwrap();
        found.unwrap().id
    }

    /// Files a letter in INBOX, received on 24 November 2026.
    pub fn file(&self, letter: impl AsRef<[u8]>, flags: System) -> Uid {
        let prepared = mailbox::prepare(self.store(), letter.as_ref().to_vec().into()).unwrap();
        let (folder, flags) = (self.folder("INBOX"), FlagSet::from(flags));
        let received = Timestamp::from_seconds(1_795_501_377);
        self.store()
            .write_blocking(store::Key::Everything, move |tx| {
                mailbox::letter::file(tx, ACCESS, folder, &prepared, &flags, received)
            })
            .unwrap()
            .uid
    }

    pub fn file_times(&self, times: usize, letter: &str, flags: System) {
        for _ in 0..times {
            self.file(letter, flags);
        }
    }

    /// Files `count` small letters: `Subject: letter 1` and so on.
    pub fn file_many(&self, count: usize) {
        let letters: Vec<_> = (1..=count)
            .map(|n| {
                let letter = format!(
                    "From: Alice <alice@alpha.test>\r\nTo: bob@beta.test\r\nSubject: letter {n}\r\n\
                     Date: Tue, 24 Nov 2026 06:22:57 +0000\r\nMessage-ID: <{n}@alpha.test>\r\n\r\nHello {n}\r\n"
                );
                mailbox::prepare(self.store(), letter.into_bytes().into()).unwrap()
            })
            .collect();
        let folder = self.folder("INBOX");
        for some in letters.chunks(1000) {
            let some = some.to_vec();
            self.store()
                .write_blocking(store::Key::Everything, move |tx| {
                    for prepared in &some {
                        mailbox::letter::file(tx, ACCESS, folder, prepared, &FlagSet::default(), Timestamp(0))?;
                    }
                    Ok::<_, mailbox::Error>(())
                })
                .unwrap();
        }
    }

    pub fn client(&self) -> Client {
        let login = Login::of(ACCOUNT, Address::parse("alice@alpha.test").unwrap());
        let session = Session {
            server: Arc::clone(&self.server),
            login,
            enabled: Enabled::default(),
            tag: "".into(),
            selected: None,
        };
        Client { session, runtime: Arc::clone(&self.runtime) }
    }
}

impl Client {
    /// Sends a command (without tag and line end) and returns the whole answer; the tag is `a`.
    pub fn say(&mut self, command: &str) -> String {
        let events = decode_all(format!("a {command}\r\n").as_bytes(), Limits::logged_in(1 << 20), false);
        let request = events.into_iter().find_map(|event| match event {
            Event::Request(request) => Some(request),
            Event::Refused(refusal) => panic!("{command}: {refusal:?}"),
            _ => None,
        });
        let runtime = Arc::clone(&self.runtime);
        runtime.block_on(self.act(request.unwrap_or_else(|| panic!("{command}: not a command")).command))
    }

    async fn act(&mut self, command: Command) -> String {
        self.session.tag = "a".into();
        let mut out = Output::collecting();
        let (done, expunges) = match command {
            Command::Folder(FolderCommand::Select(command)) => {
                (select(&mut self.session, &mut out, command).await, true)
            }
            Command::Selected(command) => {
                let expunges = command.allows_expunges();
                (run(&mut self.session, &mut out, command).await, expunges)
            }
            _ => (Ok(Answer::ok("done")), true),
        };
        let answer = match done {
            Ok(answer) | Err(Halt::Refuse(answer)) => answer,
            Err(Halt::Gone(_)) => return String::from_utf8_lossy(out.buffer()).into_owned(),
        };
        let told = updates(&mut self.session, &mut out, expunges).await;
        if told.is_ok() {
            answer.write("a", out.buffer());
        }
        String::from_utf8_lossy(out.buffer()).into_owned()
    }
}
