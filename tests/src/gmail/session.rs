//! One session.

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;

use super::answer::{answer, fits, is_whole};
use super::labels::{quoted, utf7};
use super::mood::{Hostile, Throttle};
use super::words::{Word, holds, line, literal, words};
use super::{GMAIL_PASSWORD, GMAIL_USER, Shared};
use crate::tls::{Encrypted, accept};

/// The interval at which an idle session looks for news.
const LOOK: Duration = Duration::from_millis(100);

pub(super) fn serve(socket: TcpStream, config: &Arc<ServerConfig>, shared: &Arc<Shared>) -> io::Result<()> {
    let stream = BufReader::new(accept(socket, config)?);
    let mut session = Session { stream, shared: shared.clone(), logged_in: false, selected: None, over: false };
    session.run()
}

struct Session {
    stream: BufReader<Encrypted>,
    shared: Arc<Shared>,
    logged_in: bool,
    selected: Option<Selected>,
    over: bool,
}

struct Selected {
    folder: usize,
    /// UIDs in the order of sequence numbers, as far as the client was told.
    told: Vec<u32>,
    read_only: bool,
}

/// The end of a command: OK, NO or BAD with a text; an error when the session is over.
type Ending = io::Result<String>;

impl Session {
    fn run(&mut self) -> io::Result<()> {
        self.say(&format!("* OK Gimap ready for requests {}", self.capability()))?;
        while !self.over {
            let Some(text) = self.command()? else { return Ok(()) };
            let Some((tag, rest)) = text.split_once(' ') else {
                self.say("* BAD no tag")?;
                continue;
            };
            let (tag, mut words) = (tag.to_owned(), words(rest));
            let mut name = take(&mut words).to_ascii_uppercase();
            if name == "UID" {
                name = format!("UID {}", take(&mut words).to_ascii_uppercase());
            }
            let pause = {
                let mut state = self.shared.state();
                *state.counts.commands.entry(name.clone()).or_default() += 1;
                state.mood.pause
            };
            // time passes: the peer is slow
            std::thread::sleep(pause);
            let ending = self.obey(&name, &words, &tag)?;
            if !self.over {
                self.say(&format!("{tag} {ending}"))?;
            }
        }
        Ok(())
    }

    /// A whole command; its literals become quoted strings.
    fn command(&mut self) -> io::Result<Option<String>> {
        let Some(mut text) = line(&mut self.stream)? else { return Ok(None) };
        while let Some((octets, waits)) = literal(&text) {
            if waits {
                self.say("+ go ahead")?;
            }
            let mut bytes = vec![0; octets];
            self.stream.read_exact(&mut bytes)?;
            text.truncate(text.rfind('{').unwrap_or(0));
            text.push_str(&quoted(&String::from_utf8_lossy(&bytes)));
            match line(&mut self.stream)? {
                Some(rest) => text.push_str(&rest),
                None => return Ok(None),
            }
        }
        Ok(Some(text))
    }

    fn capability(&self) -> String {
        let extension = if self.shared.state().mood.plain { "" } else { " X-GM-EXT-1" };
        let more = if self.logged_in && !self.shared.state().mood.without_changes {
            "CONDSTORE UIDPLUS ENABLE MOVE LIST-EXTENDED SPECIAL-USE APPENDLIMIT=35651584"
        } else if self.logged_in {
            "UIDPLUS ENABLE MOVE LIST-EXTENDED SPECIAL-USE APPENDLIMIT=35651584"
        } else if self.shared.provider.is_some() {
            "AUTH=XOAUTH2 AUTH=OAUTHBEARER SASL-IR"
        } else {
            "AUTH=PLAIN SASL-IR"
        };
        format!("[CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN{extension} {more}]")
    }

    fn obey(&mut self, name: &str, words: &[Word], tag: &str) -> Ending {
        match name {
            "CAPABILITY" => {
                let capability = self.capability();
                self.say(&format!("* {}", capability.trim_matches(['[', ']'])))?;
                ok()
            }
            "ID" => {
                self.say("* ID (\"name\" \"GImap\" \"vendor\" \"made for the tests\")")?;
                ok()
            }
            "LOGOUT" => {
                self.say("* BYE LOGOUT Requested")?;
                self.say(&format!("{tag} OK 73 good day (Success)"))?;
                self.over = true;
                ok()
            }
            "AUTHENTICATE" => self.authenticate(words),
            "LOGIN" => {
                let fits = words.len() == 2 && self.password_fits(words[0].text(), words[1].text());
                self.admit(fits)
            }
            _ if !self.logged_in => Ok("BAD Unknown command before log-in".into()),
            "NOOP" | "CHECK" => {
                self.news()?;
                ok()
            }
            "ENABLE" => ok(),
            "NAMESPACE" => {
                self.say("* NAMESPACE ((\"\" \"/\")) NIL NIL")?;
                ok()
            }
            "LIST" | "XLIST" => self.list(words),
            "STATUS" => self.status(words),
            "SELECT" | "EXAMINE" => self.select(words, name == "EXAMINE"),
            "CREATE" | "SUBSCRIBE" => ok(),
            _ if self.selected.is_none() => Ok("BAD No folder is selected".into()),
            "IDLE" => self.idle(),
            "SEARCH" | "UID SEARCH" => self.search(words, name.starts_with("UID")),
            "FETCH" | "UID FETCH" => self.fetch(words, name.starts_with("UID")),
            "STORE" | "UID STORE" => self.store(words, name.starts_with("UID")),
            "COPY" | "UID COPY" | "MOVE" | "UID MOVE" => self.copy(words, name),
            "EXPUNGE" => self.expunge("1:*"),
            "UID EXPUNGE" => self.expunge(words.first().map_or("", Word::text)),
            "CLOSE" | "UNSELECT" => {
                if name == "CLOSE" {
                    self.expunge("1:*")?;
                }
                self.selected = None;
                ok()
            }
            _ => Ok(format!("BAD Unknown command: {name}")),
        }
    }

    fn authenticate(&mut self, words: &[Word]) -> Ending {
        let mechanism = words.first().map_or("", Word::text).to_ascii_uppercase();
        let response = match words.get(1) {
            Some(initial) => initial.text().to_owned(),
            None => self.challenge("")?,
        };
        let text = STANDARD.decode(response).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let fits = match (mechanism.as_str(), &self.shared.provider) {
            ("PLAIN", None) => {
                let mut parts = text.split('\0').skip(1);
                self.password_fits(parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            ("XOAUTH2" | "OAUTHBEARER", Some(provider)) => {
                let named = text.starts_with(&format!("user={GMAIL_USER}\x01"))
                    || text.starts_with(&format!("n,a={GMAIL_USER},\x01"));
                let token = text.split('\x01').find_map(|field| field.strip_prefix("auth=Bearer "));
                named && text.ends_with("\x01\x01") && token.is_some_and(|token| provider.admits(token))
            }
            _ => return Ok("NO [CANNOT] That is no way in".into()),
        };
        if !fits && self.shared.provider.is_some() {
            // Gmail tells why in a challenge, and waits for the client to say something before it says no.
            self.challenge(r#"{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}"#)?;
        }
        self.admit(fits)
    }

    fn challenge(&mut self, text: &str) -> io::Result<String> {
        self.say(&format!("+ {}", STANDARD.encode(text)))?;
        Ok(line(&mut self.stream)?.unwrap_or_default())
    }

    fn password_fits(&self, name: &str, password: &str) -> bool {
        self.shared.provider.is_none() && name == GMAIL_USER && password == GMAIL_PASSWORD
    }

    fn admit(&mut self, fits: bool) -> Ending {
        let crowded = {
            let mut state = self.shared.state();
            state.counts.logins += 1;
            state.counts.refused += usize::from(!fits);
            state.mood.sessions.is_some_and(|most| state.counts.open > most)
        };
        if !fits {
            return Ok("NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)".into());
        }
        if crowded {
            return Ok("NO [ALERT] Too many simultaneous connections. (Failure)".into());
        }
        self.logged_in = true;
        Ok(format!("OK {} {GMAIL_USER} authenticated (Success)", self.capability()))
    }

    fn list(&mut self, words: &[Word]) -> Ending {
        // LIST (SELECTION) "" "*" RETURN (OPTIONS): attributes are told without being asked for.
        let texts = words.iter().map(Word::text).take_while(|text| !text.eq_ignore_ascii_case("RETURN"));
        let pattern = texts.filter(|text| !text.is_empty()).last().unwrap_or_default().to_owned();
        let mut lines = Vec::new();
        if pattern == "*" || pattern == "%" {
            let state = self.shared.state();
            lines.push("* LIST (\\HasChildren \\NonExistent \\Noselect) \"/\" \"[Gmail]\"".into());
            for folder in state.mailbox.folders() {
                let parent = format!("{}/", folder.name);
                let children = state.mailbox.folders().iter().any(|other| other.name.starts_with(&parent));
                let children = if children { "\\HasChildren" } else { "\\HasNoChildren" };
                let uses = if folder.uses.is_empty() { String::new() } else { format!(" {}", folder.uses) };
                lines.push(format!("* LIST ({children}{uses}) \"/\" {}", quoted(&utf7(&folder.name))));
            }
        }
        lines.iter().try_for_each(|line| self.say(line))?;
        ok()
    }

    fn status(&mut self, words: &[Word]) -> Ending {
        let name = words.first().map_or("", Word::text).to_owned();
        let answer = {
            let state = self.shared.state();
            let Some(at) = state.mailbox.find(&name) else { return no_folder() };
            let folder = &state.mailbox.folders()[at];
            let unseen = folder.uids.values().filter_map(|id| state.mailbox.letter(*id));
            let unseen = unseen.filter(|letter| !letter.flags.contains("\\Seen")).count();
            let asked = words.iter().skip(1).flat_map(Word::texts).any(|item| item == "HIGHESTMODSEQ");
            let modseq = if asked { format!(" HIGHESTMODSEQ {}", state.mailbox.highest()) } else { String::new() };
            format!(
                "* STATUS {} (MESSAGES {} RECENT 0 UIDNEXT {} UIDVALIDITY {} UNSEEN {unseen}{modseq})",
                quoted(&name),
                folder.uids.len(),
                folder.next,
                folder.validity
            )
        };
        self.say(&answer)?;
        ok()
    }

    fn select(&mut self, words: &[Word], read_only: bool) -> Ending {
        self.selected = None;
        let name = words.first().map_or("", Word::text);
        let (lines, selected) = {
            let state = self.shared.state();
            let Some(at) = state.mailbox.find(name) else { return no_folder() };
            let folder = &state.mailbox.folders()[at];
            let lines = [
                "* FLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen $NotPhishing $Phishing)".to_owned(),
                "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen \\*)] Flags permitted.".into(),
                format!("* OK [UIDVALIDITY {}] UIDs valid.", folder.validity),
                format!("* {} EXISTS", folder.uids.len()),
                "* 0 RECENT".into(),
                format!("* OK [UIDNEXT {}] Predicted next UID.", folder.next),
            ];
            (lines, Selected { folder: at, told: folder.uids.keys().copied().collect(), read_only })
        };
        lines.iter().try_for_each(|line| self.say(line))?;
        self.selected = Some(selected);
        Ok(if read_only { "OK [READ-ONLY] selected (Success)" } else { "OK [READ-WRITE] selected (Success)" }.into())
    }

    /// Tells the client what has changed in its folder.
    fn news(&mut self) -> io::Result<()> {
        let Some(selected) = &mut self.selected else { return Ok(()) };
        let now: Vec<u32> = self.shared.state().mailbox.folders()[selected.folder].uids.keys().copied().collect();
        let mut lines = Vec::new();
        for at in (0..selected.told.len()).rev() {
            if now.binary_search(&selected.told[at]).is_err() {
                selected.told.remove(at);
                lines.push(format!("* {} EXPUNGE", at + 1));
            }
        }
        if now.len() > selected.told.len() {
            lines.push(format!("* {} EXISTS", now.len()));
            selected.told = now;
        }
        lines.iter().try_for_each(|line| self.say(line))
    }

    fn idle(&mut self) -> Ending {
        self.say("+ idling")?;
        loop {
            self.stream.get_ref().sock.set_read_timeout(Some(LOOK))?;
            let read = line(&mut self.stream);
            self.stream.get_ref().sock.set_read_timeout(None)?;
            match read {
                Ok(Some(done)) if done.eq_ignore_ascii_case("DONE") => return ok(),
                Ok(Some(_)) => return Ok("BAD expected DONE".into()),
                Ok(None) => {
                    self.over = true;
                    return ok();
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    self.news()?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// UIDs and sequence numbers of a set.
    fn chosen(&self, set: &str, by_uid: bool) -> Vec<(u32, u32)> {
        let Some(selected) = &self.selected else { return Vec::new() };
        let numbered = selected.told.iter().zip(1_u32..).map(|(uid, number)| (number, *uid));
        let (last_uid, last) = (selected.told.last().copied().unwrap_or(0), selected.told.len() as u32);
        numbered
            .filter(|(number, uid)| if by_uid { holds(set, *uid, last_uid) } else { holds(set, *number, last) })
            .collect()
    }

    fn search(&mut self, words: &[Word], by_uid: bool) -> Ending {
        let found: Vec<String> = {
            let state = self.shared.state();
            let Some(selected) = &self.selected else { return ok() };
            let folder = &state.mailbox.folders()[selected.folder];
            let keys: Vec<String> = words.iter().flat_map(Word::texts).collect();
            let mut found = Vec::new();
            for (number, uid) in self.chosen("1:*", false) {
                let letter = folder.uids.get(&uid).and_then(|id| state.mailbox.letter(*id));
                let Some(letter) = letter else { continue };
                match fits(&keys, letter, uid, number) {
                    Some(true) => found.push((if by_uid { uid } else { number }).to_string()),
                    Some(false) => {}
                    None => return Ok(format!("BAD Could not parse command: {keys:?}")),
                }
            }
            found
        };
        self.say(format!("* SEARCH {}", found.join(" ")).trim_end())?;
        ok()
    }

    fn fetch(&mut self, words: &[Word], by_uid: bool) -> Ending {
        let set = words.first().map_or("", Word::text).to_owned();
        let mut items: Vec<String> = words.iter().skip(1).flat_map(Word::texts).collect();
        let since = items.iter().position(|item| item == "CHANGEDSINCE").map(|at| items.split_off(at));
        let since: u64 = since.and_then(|since| since.get(1)?.parse().ok()).unwrap_or(0);
        if by_uid && !items.iter().any(|item| item.eq_ignore_ascii_case("UID")) {
            items.push("UID".into());
        }
        let hostile = self.shared.state().mood.hostile;
        if let Some(hostile) = hostile {
            return self.misbehave(hostile);
        }
        let whole = items.iter().any(|item| is_whole(&item.to_ascii_uppercase()));
        for (number, uid) in self.chosen(&set, by_uid) {
            let throttle = if whole { self.shared.state().mood.too_much() } else { None };
            if let Some(how) = throttle {
                return self.throttle(how);
            }
            let changed = self.id(uid).is_some_and(|id| self.shared.state().mailbox.modseq(id) > since);
            if changed {
                self.fetch_one(number, uid, &items, whole)?;
            }
        }
        ok()
    }

    fn fetch_one(&mut self, number: u32, uid: u32, items: &[String], whole: bool) -> io::Result<()> {
        let bytes = {
            let mut state = self.shared.state();
            let Some(selected) = &self.selected else { return Ok(()) };
            let folder = &state.mailbox.folders()[selected.folder];
            let own = folder.label.clone();
            let Some(letter) = folder.uids.get(&uid).and_then(|id| state.mailbox.letter(*id)).cloned() else {
                return Ok(());
            };
            let seen = whole && !selected.read_only && items.iter().any(|item| item.eq_ignore_ascii_case("BODY[]"));
            if seen {
                state.mailbox.flag(letter.id, &["\\Seen".into()], Some(true));
            }
            if whole {
                *state.counts.bodies.entry(letter.id).or_default() += 1;
            }
            let mut bytes = format!("* {number} FETCH (").into_bytes();
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    bytes.push(b' ');
                }
                bytes.extend(answer(item, &letter, uid, &own));
            }
            bytes.extend(b")\r\n");
            bytes
        };
        self.send(&bytes)
    }

    fn throttle(&mut self, how: Throttle) -> Ending {
        self.shared.state().counts.throttled += 1;
        match how {
            Throttle::No => Ok("NO [THROTTLED] Account exceeded command or bandwidth limits. (Failure)".into()),
            Throttle::Bye => {
                self.say("* BYE Account exceeded command or bandwidth limits. Try again later.")?;
                self.over = true;
                ok()
            }
        }
    }

    fn misbehave(&mut self, how: Hostile) -> Ending {
        match how {
            Hostile::HugeLiteral => {
                self.say("* 1 FETCH (UID 1 BODY[] {9223372036854775000}")?;
                self.forever(b"and so on and so on and so on and so on and so on\r\n")
            }
            Hostile::Garbage => {
                self.send(&[0, 255, 254, 13, 10, 41, 41, 123, 125, 13, 10, 42, 32, 40, 13, 10])?;
                self.send(b"* 99999999999999999999 FETCH (UID 0 BODY[] {-1}\r\n\xc3\x28)\r\n")?;
                ok()
            }
            Hostile::EndlessLine => self.forever(b"* OK and so on and so on and so on and so on and so on "),
            Hostile::Nested => self.forever(b"(((((((((((((((((((((((((((((((((((((((((((((((((("),
            Hostile::Flood => self.forever(b"* 1 FETCH (FLAGS (\\Seen))\r\n* 2 EXISTS\r\n* OK nobody asked\r\n"),
            Hostile::Silence => {
                // time passes: the peer is slow
                std::thread::sleep(Duration::from_secs(600));
                ok()
            }
        }
    }

    /// Until the client has had enough; at most 2 GB.
    fn forever(&mut self, what: &[u8]) -> Ending {
        let block = what.repeat(200);
        for _ in 0..2_000_000_000 / block.len() {
            self.send(&block)?;
        }
        ok()
    }

    fn store(&mut self, words: &[Word], by_uid: bool) -> Ending {
        let [set, how, values @ ..] = words else { return Ok("BAD STORE what?".into()) };
        let how = how.text().to_ascii_uppercase();
        let on = if how.starts_with('+') { Some(true) } else { how.starts_with('-').then_some(false) };
        let values: Vec<String> = values.iter().flat_map(Word::texts).collect();
        for (number, uid) in self.chosen(set.text(), by_uid) {
            let Some(id) = self.id(uid) else { continue };
            if how.contains("X-GM-LABELS") {
                self.shared.state().mailbox.label(id, &values, on);
            } else {
                self.shared.state().mailbox.flag(id, &values, on);
            }
            if !how.ends_with(".SILENT") {
                self.fetch_one(number, uid, &["FLAGS".into(), "UID".into()], false)?;
            }
        }
        self.news()?;
        ok()
    }

    fn id(&self, uid: u32) -> Option<u64> {
        let selected = self.selected.as_ref()?;
        self.shared.state().mailbox.folders()[selected.folder].uids.get(&uid).copied()
    }

    fn copy(&mut self, words: &[Word], name: &str) -> Ending {
        let [set, to] = words else { return Ok("BAD where to?".into()) };
        let Some(to) = self.shared.state().mailbox.find(to.text()) else { return no_folder() };
        for (_, uid) in self.chosen(set.text(), name.starts_with("UID")) {
            let Some(id) = self.id(uid) else { continue };
            let mut state = self.shared.state();
            state.mailbox.copy(id, to);
            if let (true, Some(selected)) = (name.ends_with("MOVE"), &self.selected) {
                state.mailbox.expunge(selected.folder, uid);
            }
        }
        self.news()?;
        ok()
    }

    fn expunge(&mut self, set: &str) -> Ending {
        for (_, uid) in self.chosen(set, true) {
            let Some(id) = self.id(uid) else { continue };
            let mut state = self.shared.state();
            let marked = state.mailbox.letter(id).is_some_and(|letter| letter.flags.contains("\\Deleted"));
            if let (true, Some(selected)) = (marked, &self.selected) {
                state.mailbox.expunge(selected.folder, uid);
            }
        }
        self.news()?;
        ok()
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        self.send(format!("{text}\r\n").as_bytes())
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let rate = {
            let mut state = self.shared.state();
            state.counts.octets += bytes.len() as u64;
            state.mood.rate
        };
        if let Some(rate) = rate {
            // time passes: the peer is slow
            std::thread::sleep(Duration::from_secs_f64(bytes.len() as f64 / rate as f64));
        }
        let stream = self.stream.get_mut();
        stream.write_all(bytes)?;
        stream.flush()
    }
}

fn ok() -> Ending {
    Ok("OK Success".into())
}

fn no_folder() -> Ending {
    Ok("NO [NONEXISTENT] Unknown Mailbox (Failure)".into())
}

fn take(words: &mut Vec<Word>) -> String {
    if words.is_empty() { String::new() } else { words.remove(0).text().to_owned() }
}
