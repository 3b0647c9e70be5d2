//! Encodes commands to bytes: the inverse of the decoder. Strings that cannot be quoted become literals that do not
//! wait.

use jiff::civil::Date;

use super::command::{
    AnyCommand, Append, Command, EntryCommand, Fetch, FetchItem, Flag, FolderCommand, List, ListReturn, Numbering,
    Partial, Qresync, Request, Search, SearchKey, SearchReturn, Section, SectionText, Select, SelectedCommand,
    SpecialUse, StatusItem, Store, StoreAction, Transfer,
};
use super::date;
use super::sets::{SequenceSet, SetNumber, UidSet, write_set};
use super::write::{astring, number};
use mail::mutf7;

/// Writes the command as a client would send it. With `utf8_names` the names of folders are written in UTF-8, otherwise
/// in modified UTF-7.
pub fn request(request: &Request, utf8_names: bool) -> Vec<u8> {
    let mut encoder = Encoder { out: request.tag.0.as_bytes().to_vec(), utf8_names };
    encoder.out.push(b' ');
    encoder.command(&request.command);
    encoder.out.extend_from_slice(b"\r\n");
    encoder.out
}

struct Encoder {
    out: Vec<u8>,
    utf8_names: bool,
}

impl Encoder {
    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, n: u64) {
        number(&mut self.out, n);
    }

    /// Writes an argument: a space and a string.
    fn text(&mut self, text: &str) {
        self.put(" ");
        self.string(text.as_bytes());
    }

    fn string(&mut self, text: &[u8]) {
        if text.iter().all(|b| b.is_ascii() && !matches!(b, b'\r' | b'\n' | 0)) {
            astring(&mut self.out, text);
        } else {
            self.put(&format!("{{{}+}}\r\n", text.len()));
            self.out.extend_from_slice(text);
        }
    }

    fn folder(&mut self, name: &str) {
        if self.utf8_names { self.text(name) } else { self.text(&mutf7::encode(name)) }
    }

    /// Writes `(a b c)`.
    fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.put("(");
        for (at, one) in items.iter().enumerate() {
            if at > 0 {
                self.put(" ");
            }
            item(self, one);
        }
        self.put(")");
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::Any(AnyCommand::Capability) => self.put("CAPABILITY"),
            Command::Any(AnyCommand::Noop) => self.put("NOOP"),
            Command::Any(AnyCommand::Logout) => self.put("LOGOUT"),
            Command::Any(AnyCommand::Id(pairs)) => self.id(pairs),
            Command::Entry(entry) => self.entry(entry),
            Command::Folder(folder) => self.folder_command(folder),
            Command::Selected(selected) => self.selected(selected),
        }
    }

    fn id(&mut self, pairs: &[(String, Option<String>)]) {
        self.put("ID ");
        if pairs.is_empty() {
            return self.put("NIL");
        }
        self.list(pairs, |encoder, (name, value)| {
            encoder.never_bare(name);
            encoder.put(" ");
            match value {
                Some(value) => encoder.never_bare(value),
                None => encoder.put("NIL"),
            }
        });
    }

    /// Writes a string where an atom is not allowed.
    fn never_bare(&mut self, text: &str) {
        self.put(&format!("{{{}+}}\r\n{text}", text.len()));
    }

    fn entry(&mut self, entry: &EntryCommand) {
        match entry {
            EntryCommand::StartTls => self.put("STARTTLS"),
            EntryCommand::Login { name, password } => {
                self.put("LOGIN");
                self.text(name);
                self.text(password.reveal());
            }
            EntryCommand::Authenticate { mechanism, initial } => {
                self.put(&format!("AUTHENTICATE {mechanism}"));
                if let Some(initial) = initial {
                    self.put(" ");
                    self.put(initial.reveal());
                }
            }
        }
    }

    fn folder_command(&mut self, command: &FolderCommand) {
        match command {
            FolderCommand::Enable(names) => self.put(&format!("ENABLE {}", names.join(" "))),
            FolderCommand::Select(select) => self.select(select),
            FolderCommand::Create { folder, uses } => self.create(folder, uses),
            FolderCommand::Delete(folder) => self.verb_and_folder("DELETE", folder),
            FolderCommand::Rename { from, to } => {
                self.verb_and_folder("RENAME", from);
                self.folder(to);
            }
            FolderCommand::Subscribe(folder) => self.verb_and_folder("SUBSCRIBE", folder),
            FolderCommand::Unsubscribe(folder) => self.verb_and_folder("UNSUBSCRIBE", folder),
            FolderCommand::List(list) => self.list_command(list),
            FolderCommand::Lsub { reference, pattern } => {
                self.verb_and_folder("LSUB", reference);
                self.folder(pattern);
            }
            FolderCommand::Status { folder, items } => {
                self.verb_and_folder("STATUS", folder);
                self.put(" ");
                self.list(items, |encoder, item| encoder.put(status_item(*item)));
            }
            FolderCommand::Namespace => self.put("NAMESPACE"),
            FolderCommand::Append(append) => self.append(append),
            FolderCommand::Idle => self.put("IDLE"),
            FolderCommand::GetQuota(root) => {
                self.put("GETQUOTA");
                self.text(root);
            }
            FolderCommand::GetQuotaRoot(folder) => self.verb_and_folder("GETQUOTAROOT", folder),
        }
    }

    fn verb_and_folder(&mut self, verb: &str, folder: &str) {
        self.put(verb);
        self.folder(folder);
    }

    fn select(&mut self, select: &Select) {
        self.verb_and_folder(if select.read_only { "EXAMINE" } else { "SELECT" }, &select.folder);
        match (select.condstore, &select.qresync) {
            (false, None) => {}
            (true, None) => self.put(" (CONDSTORE)"),
            (condstore, Some(qresync)) => {
                self.put(if condstore { " (CONDSTORE QRESYNC (" } else { " (QRESYNC (" });
                self.qresync(qresync);
                self.put("))");
            }
        }
    }

    fn qresync(&mut self, qresync: &Qresync) {
        self.put(&format!("{} {}", qresync.uid_validity, qresync.since));
        if let Some(UidSet(known)) = &qresync.known {
            self.put(" ");
            write_set(&mut self.out, known.iter().cloned());
        }
        if let Some((UidSet(numbers), UidSet(uids))) = &qresync.matched {
            self.put(" (");
            write_set(&mut self.out, numbers.iter().cloned());
            self.put(" ");
            write_set(&mut self.out, uids.iter().cloned());
            self.put(")");
        }
    }

    fn create(&mut self, folder: &str, uses: &[SpecialUse]) {
        self.verb_and_folder("CREATE", folder);
        if !uses.is_empty() {
            self.put(" (USE ");
            self.list(uses, |encoder, one| encoder.put(special_use(*one)));
            self.put(")");
        }
    }

    fn list_command(&mut self, list: &List) {
        self.put("LIST");
        let select = list.select;
        if list.extended {
            let options = [
                (select.subscribed, "SUBSCRIBED"),
                (select.remote, "REMOTE"),
                (select.recursive_match, "RECURSIVEMATCH"),
                (select.special_use, "SPECIAL-USE"),
            ];
            self.put(" ");
            self.options(&options);
        }
        self.folder(&list.reference);
        match list.patterns.as_slice() {
            [pattern] => self.folder(pattern),
            patterns => {
                self.put(" ");
                self.list(patterns, |encoder, pattern| {
                    let name = if encoder.utf8_names { pattern.clone() } else { mutf7::encode(pattern) };
                    encoder.string(name.as_bytes());
                });
            }
        }
        self.list_returns(&list.returns);
    }

    fn list_returns(&mut self, returns: &ListReturn) {
        if *returns == ListReturn::default() {
            return;
        }
        self.put(" RETURN ");
        let options =
            [(returns.subscribed, "SUBSCRIBED"), (returns.children, "CHILDREN"), (returns.special_use, "SPECIAL-USE")];
        self.options(&options);
        if let Some(items) = &returns.status {
            self.out.pop();
            self.put(if self.out.ends_with(b"(") { "STATUS " } else { " STATUS " });
            self.list(items, |encoder, item| encoder.put(status_item(*item)));
            self.put(")");
        }
    }

    /// Writes the words that are switched on, in parentheses.
    fn options(&mut self, options: &[(bool, &str)]) {
        let on: Vec<&str> = options.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
        self.put(&format!("({})", on.join(" ")));
    }

    fn append(&mut self, append: &Append) {
        self.verb_and_folder("APPEND", &append.folder);
        for letter in &append.letters {
            if !letter.flags.is_empty() {
                self.put(" ");
                self.list(&letter.flags, |encoder, flag| encoder.put(flag_name(flag)));
            }
            if let Some(received) = letter.received {
                self.put(" ");
                date::date_time(&mut self.out, received);
            }
            self.put(if letter.binary { " ~" } else { " " });
            self.put(&format!("{{{}+}}\r\n", letter.body.len()));
            self.out.extend_from_slice(&letter.body);
        }
    }

    fn selected(&mut self, command: &SelectedCommand) {
        match command {
            SelectedCommand::Check => self.put("CHECK"),
            SelectedCommand::Close => self.put("CLOSE"),
            SelectedCommand::Unselect => self.put("UNSELECT"),
            SelectedCommand::Expunge(None) => self.put("EXPUNGE"),
            SelectedCommand::Expunge(Some(set)) => {
                self.put("UID EXPUNGE ");
                self.set(set);
            }
            SelectedCommand::Search(search) => self.search(search),
            SelectedCommand::Fetch(fetch) => self.fetch(fetch),
            SelectedCommand::Store(store) => self.store(store),
            SelectedCommand::Copy(transfer) => self.transfer("COPY ", transfer),
            SelectedCommand::Move(transfer) => self.transfer("MOVE ", transfer),
        }
    }

    fn numbering(&mut self, numbering: Numbering) {
        if numbering == Numbering::Uid {
            self.put("UID ");
        }
    }

    fn set(&mut self, set: &SequenceSet) {
        let SequenceSet::Ranges(ranges) = set else {
            return self.put("$");
        };
        for (at, range) in ranges.iter().enumerate() {
            if at > 0 {
                self.put(",");
            }
            self.set_number(range.first);
            if range.first != range.last {
                self.put(":");
                self.set_number(range.last);
            }
        }
    }

    fn set_number(&mut self, end: SetNumber) {
        match end {
            SetNumber::Number(n) => self.number(u64::from(n.get())),
            SetNumber::Star => self.put("*"),
        }
    }

    fn transfer(&mut self, verb: &str, transfer: &Transfer) {
        self.numbering(transfer.numbering);
        self.put(verb);
        self.set(&transfer.set);
        self.folder(&transfer.folder);
    }

    fn store(&mut self, store: &Store) {
        self.numbering(store.numbering);
        self.put("STORE ");
        self.set(&store.set);
        if let Some(since) = store.unchanged_since {
            self.put(&format!(" (UNCHANGEDSINCE {since})"));
        }
        self.put(match store.action {
            StoreAction::Replace => " FLAGS",
            StoreAction::Add => " +FLAGS",
            StoreAction::Remove => " -FLAGS",
        });
        self.put(if store.silent { ".SILENT " } else { " " });
        self.list(&store.flags, |encoder, flag| encoder.put(flag_name(flag)));
    }

    fn fetch(&mut self, fetch: &Fetch) {
        self.numbering(fetch.numbering);
        self.put("FETCH ");
        self.set(&fetch.set);
        self.put(" ");
        self.list(&fetch.items, Self::fetch_item);
        match (fetch.changed_since, fetch.vanished) {
            (Some(since), vanished) => {
                self.put(&format!(" (CHANGEDSINCE {since}{})", if vanished { " VANISHED" } else { "" }));
            }
            (None, true) => self.put(" (VANISHED)"),
            (None, false) => {}
        }
    }

    fn fetch_item(&mut self, item: &FetchItem) {
        match item {
            FetchItem::Flags => self.put("FLAGS"),
            FetchItem::Uid => self.put("UID"),
            FetchItem::InternalDate => self.put("INTERNALDATE"),
            FetchItem::Size => self.put("RFC822.SIZE"),
            FetchItem::Envelope => self.put("ENVELOPE"),
            FetchItem::Body => self.put("BODY"),
            FetchItem::BodyStructure => self.put("BODYSTRUCTURE"),
            FetchItem::ModSeq => self.put("MODSEQ"),
            FetchItem::EmailId => self.put("EMAILID"),
            FetchItem::ThreadId => self.put("THREADID"),
            FetchItem::Rfc822 => self.put("RFC822"),
            FetchItem::Rfc822Header => self.put("RFC822.HEADER"),
            FetchItem::Rfc822Text => self.put("RFC822.TEXT"),
            FetchItem::Section { section, peek, partial } => {
                self.put(if *peek { "BODY.PEEK[" } else { "BODY[" });
                self.section(section);
                self.put("]");
                self.partial(*partial);
            }
            FetchItem::Binary { part, peek, partial } => {
                self.put(if *peek { "BINARY.PEEK[" } else { "BINARY[" });
                self.put(&part_number(part));
                self.put("]");
                self.partial(*partial);
            }
            FetchItem::BinarySize { part } => self.put(&format!("BINARY.SIZE[{}]", part_number(part))),
        }
    }

    fn partial(&mut self, partial: Option<Partial>) {
        if let Some(Partial { first, count }) = partial {
            self.put(&format!("<{first}.{count}>"));
        }
    }

    fn section(&mut self, section: &Section) {
        self.put(&part_number(&section.part));
        if !section.part.is_empty() && section.text != SectionText::Whole {
            self.put(".");
        }
        match &section.text {
            SectionText::Whole => {}
            SectionText::Header => self.put("HEADER"),
            SectionText::HeaderFields(names) => {
                self.put("HEADER.FIELDS ");
                self.list(names, |encoder, name| encoder.string(name.as_bytes()));
            }
            SectionText::HeaderFieldsNot(names) => {
                self.put("HEADER.FIELDS.NOT ");
                self.list(names, |encoder, name| encoder.string(name.as_bytes()));
            }
            SectionText::Text => self.put("TEXT"),
            SectionText::Mime => self.put("MIME"),
        }
    }

    fn search(&mut self, search: &Search) {
        self.numbering(search.numbering);
        self.put("SEARCH ");
        if let Some(SearchReturn { min, max, all, count, save }) = search.returns {
            self.put("RETURN ");
            self.options(&[(min, "MIN"), (max, "MAX"), (all, "ALL"), (count, "COUNT"), (save, "SAVE")]);
            self.put(" ");
        }
        if let Some(charset) = &search.charset {
            self.put("CHARSET ");
            self.string(charset.as_bytes());
            self.put(" ");
        }
        for (at, key) in search.keys.iter().enumerate() {
            if at > 0 {
                self.put(" ");
            }
            self.key(key);
        }
    }

    fn key(&mut self, key: &SearchKey) {
        match key {
            SearchKey::All => self.put("ALL"),
            SearchKey::Never => self.put("RECENT"),
            SearchKey::Flag(flag) => self.flag_key("", flag),
            SearchKey::NoFlag(flag) => self.flag_key("UN", flag),
            SearchKey::Sequence(set) => self.set(set),
            SearchKey::Uid(set) => {
                self.put("UID ");
                self.set(set);
            }
            SearchKey::Before(day) => self.date_key("BEFORE", *day),
            SearchKey::On(day) => self.date_key("ON", *day),
            SearchKey::Since(day) => self.date_key("SINCE", *day),
            SearchKey::SentBefore(day) => self.date_key("SENTBEFORE", *day),
            SearchKey::SentOn(day) => self.date_key("SENTON", *day),
            SearchKey::SentSince(day) => self.date_key("SENTSINCE", *day),
            SearchKey::Older(seconds) => self.put(&format!("OLDER {seconds}")),
            SearchKey::Younger(seconds) => self.put(&format!("YOUNGER {seconds}")),
            SearchKey::Larger(size) => self.put(&format!("LARGER {size}")),
            SearchKey::Smaller(size) => self.put(&format!("SMALLER {size}")),
            SearchKey::Header { name, text } => {
                self.put("HEADER");
                self.text(name);
                self.text(text);
            }
            SearchKey::Body(text) => {
                self.put("BODY");
                self.text(text);
            }
            SearchKey::Text(text) => {
                self.put("TEXT");
                self.text(text);
            }
            SearchKey::ModSeq(change) => self.put(&format!("MODSEQ {change}")),
            SearchKey::EmailId(id) => self.put(&format!("EMAILID {id}")),
            SearchKey::ThreadId(id) => self.put(&format!("THREADID {id}")),
            SearchKey::And(keys) => self.list(keys, Self::key),
            SearchKey::Or(keys) => {
                for (place, key) in keys.iter().enumerate() {
                    self.put(if place > 0 { " " } else { "" });
                    // Two keys are written at a time: `OR a OR b c`.
                    self.put(if place + 1 < keys.len() { "OR " } else { "" });
                    self.key(key);
                }
            }
            SearchKey::Not(key) => {
                self.put("NOT ");
                self.key(key);
            }
        }
    }

    fn flag_key(&mut self, un: &str, flag: &Flag) {
        self.put(un);
        match flag {
            Flag::Keyword(name) => self.put(&format!("KEYWORD {name}")),
            system => self.put(flag_name(system).trim_start_matches('\\')),
        }
    }

    fn date_key(&mut self, name: &str, day: Date) {
        self.put(&format!("{name} {}", day.strftime("%-d-%b-%Y")));
    }
}

fn part_number(part: &[std::num::NonZeroU32]) -> String {
    part.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

/// Returns a flag in its written form.
pub fn flag_name(flag: &Flag) -> &str {
    match flag {
        Flag::Seen => "\\Seen",
        Flag::Answered => "\\Answered",
        Flag::Flagged => "\\Flagged",
        Flag::Deleted => "\\Deleted",
        Flag::Draft => "\\Draft",
        Flag::Keyword(name) => name,
    }
}

/// Returns a special use in its written form.
pub fn special_use(one: SpecialUse) -> &'static str {
    match one {
        SpecialUse::All => "\\All",
        SpecialUse::Archive => "\\Archive",
        SpecialUse::Drafts => "\\Drafts",
        SpecialUse::Flagged => "\\Flagged",
        SpecialUse::Junk => "\\Junk",
        SpecialUse::Sent => "\\Sent",
        SpecialUse::Trash => "\\Trash",
    }
}

/// Returns a status item in its written form.
pub fn status_item(item: StatusItem) -> &'static str {
    match item {
        StatusItem::Messages => "MESSAGES",
        StatusItem::Recent => "RECENT",
        StatusItem::UidNext => "UIDNEXT",
        StatusItem::UidValidity => "UIDVALIDITY",
        StatusItem::Unseen => "UNSEEN",
        StatusItem::Deleted => "DELETED",
        StatusItem::Size => "SIZE",
        StatusItem::HighestModSeq => "HIGHESTMODSEQ",
        StatusItem::AppendLimit => "APPENDLIMIT",
        StatusItem::MailboxId => "MAILBOXID",
    }
}
