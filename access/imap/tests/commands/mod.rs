//! Every command a client can say, for property tests.

use std::num::NonZeroU32;

use bytes::Bytes;
use jiff::civil::Date;
use mail::{Password, Timestamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use facteur_imap::codec::command::*;
use facteur_imap::codec::sets::{SequenceSet, SetNumber, SetRange, UidSet};

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,8}", "[ -~]{0,20}", "[^\\x00]{0,12}"]
}

/// Generates a name as the decoder returns it: no controls, INBOX in capitals.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("INBOX".to_owned()), "x[ -~]{0,20}", "x\\PC{0,8}", Just("INBOX/é".to_owned())]
}

fn upper() -> impl Strategy<Value = String> {
    "[A-Z][A-Z0-9-]{0,10}"
}

fn nz() -> impl Strategy<Value = NonZeroU32> {
    (1..=u32::MAX).prop_map(|n| NonZeroU32::new(n).unwrap())
}

fn number64() -> impl Strategy<Value = u64> {
    0..=i64::MAX as u64
}

fn set() -> impl Strategy<Value = SequenceSet> {
    let end = || prop_oneof![nz().prop_map(SetNumber::Number), Just(SetNumber::Star)];
    let ranges = vec((end(), end()).prop_map(|(first, last)| SetRange { first, last }), 1..5);
    prop_oneof![ranges.prop_map(SequenceSet::Ranges), Just(SequenceSet::Saved)]
}

fn uid_set() -> impl Strategy<Value = UidSet> {
    vec((1..=u32::MAX, 1..=u32::MAX).prop_map(|(a, b)| a.min(b)..=a.max(b)), 1..4).prop_map(UidSet)
}

fn numbering() -> impl Strategy<Value = Numbering> {
    select(&[Numbering::Sequence, Numbering::Uid][..])
}

fn flag() -> impl Strategy<Value = Flag> {
    prop_oneof![
        select(vec![Flag::Seen, Flag::Answered, Flag::Flagged, Flag::Deleted, Flag::Draft]),
        "[$a-zA-Z][a-zA-Z0-9_.-]{0,10}".prop_map(Flag::Keyword),
    ]
}

fn day() -> impl Strategy<Value = Date> {
    (1i16..=9999, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| Date::new(y, m, d).unwrap())
}

fn key() -> impl Strategy<Value = SearchKey> {
    let dates = prop_oneof![
        day().prop_map(SearchKey::Before),
        day().prop_map(SearchKey::On),
        day().prop_map(SearchKey::Since),
        day().prop_map(SearchKey::SentBefore),
        day().prop_map(SearchKey::SentOn),
        day().prop_map(SearchKey::SentSince),
        (1..=u32::MAX).prop_map(SearchKey::Older),
        (1..=u32::MAX).prop_map(SearchKey::Younger),
    ];
    let leaf = prop_oneof![
        dates,
        Just(SearchKey::All),
        Just(SearchKey::Never),
        flag().prop_map(SearchKey::Flag),
        flag().prop_map(SearchKey::NoFlag),
        set().prop_map(SearchKey::Sequence),
        set().prop_map(SearchKey::Uid),
        number64().prop_map(SearchKey::Larger),
        number64().prop_map(SearchKey::Smaller),
        number64().prop_map(SearchKey::ModSeq),
        "[A-Za-z0-9_-]{1,20}".prop_map(SearchKey::EmailId),
        "[A-Za-z0-9_-]{1,20}".prop_map(SearchKey::ThreadId),
        ("[a-z-]{1,12}", text()).prop_map(|(name, text)| SearchKey::Header { name, text }),
        text().prop_map(SearchKey::Body),
        text().prop_map(SearchKey::Text),
    ];
    leaf.prop_recursive(5, 20, 4, |key| {
        prop_oneof![
            vec(key.clone(), 1..4).prop_map(SearchKey::And),
            vec(key.clone(), 2..4).prop_map(either),
            key.prop_map(|key| SearchKey::Not(Box::new(key))),
        ]
    })
}

/// Makes one list of chained alternatives.
fn either(keys: Vec<SearchKey>) -> SearchKey {
    let inner = |key| match key {
        SearchKey::Or(keys) => keys,
        key => vec![key],
    };
    SearchKey::Or(keys.into_iter().flat_map(inner).collect())
}

fn search() -> impl Strategy<Value = Search> {
    let returns = any::<[bool; 5]>().prop_map(|[min, max, all, count, save]| SearchReturn {
        min,
        max,
        all: all || !(min || max || count || save),
        count,
        save,
    });
    // The texts are written in UTF-8: read in another charset, or guessed, they may well be others.
    let charset = select(vec!["UTF-8", "US-ASCII"]).prop_map(str::to_owned);
    (numbering(), option::of(returns), option::of(charset), vec(key(), 1..4))
        .prop_map(|(numbering, returns, charset, keys)| Search { numbering, returns, charset, keys })
}

fn section() -> impl Strategy<Value = Section> {
    let names = || vec("[A-Za-z-]{1,10}", 1..4);
    let text = prop_oneof![
        select(vec![SectionText::Whole, SectionText::Header, SectionText::Text, SectionText::Mime]),
        names().prop_map(SectionText::HeaderFields),
        names().prop_map(SectionText::HeaderFieldsNot),
    ];
    (vec(nz(), 0..4), text)
        .prop_filter("MIME needs a part", |(part, text)| !(part.is_empty() && *text == SectionText::Mime))
        .prop_map(|(part, text)| Section { part, text })
}

fn fetch_item() -> impl Strategy<Value = FetchItem> {
    let partial = || option::of((number64(), 1..=i64::MAX as u64).prop_map(|(first, count)| Partial { first, count }));
    let plain = vec![
        FetchItem::Flags,
        FetchItem::Uid,
        FetchItem::InternalDate,
        FetchItem::Size,
        FetchItem::Envelope,
        FetchItem::Body,
        FetchItem::BodyStructure,
        FetchItem::ModSeq,
        FetchItem::EmailId,
        FetchItem::ThreadId,
        FetchItem::Rfc822,
        FetchItem::Rfc822Header,
        FetchItem::Rfc822Text,
    ];
    prop_oneof![
        select(plain),
        (section(), any::<bool>(), partial()).prop_map(|(section, peek, partial)| FetchItem::Section {
            section,
            peek,
            partial
        }),
        (vec(nz(), 0..4), any::<bool>(), partial()).prop_map(|(part, peek, partial)| FetchItem::Binary {
            part,
            peek,
            partial
        }),
        vec(nz(), 0..4).prop_map(|part| FetchItem::BinarySize { part }),
    ]
}

fn fetch() -> impl Strategy<Value = Fetch> {
    (numbering(), set(), vec(fetch_item(), 1..5), option::of(number64()), any::<bool>()).prop_map(
        |(numbering, set, items, changed_since, vanished)| Fetch { numbering, set, items, changed_since, vanished },
    )
}

fn store() -> impl Strategy<Value = Store> {
    let action = select(vec![StoreAction::Replace, StoreAction::Add, StoreAction::Remove]);
    let parts = (numbering(), set(), action, any::<bool>(), vec(flag(), 0..4), option::of(number64()));
    parts.prop_map(|(numbering, set, action, silent, flags, unchanged_since)| Store {
        numbering,
        set,
        action,
        silent,
        flags,
        unchanged_since,
    })
}

/// Generates a command on the selected folder.
pub fn selected() -> impl Strategy<Value = SelectedCommand> {
    let transfer =
        || (numbering(), set(), name()).prop_map(|(numbering, set, folder)| Transfer { numbering, set, folder });
    prop_oneof![
        select(vec![SelectedCommand::Check, SelectedCommand::Close, SelectedCommand::Unselect]),
        option::of(set()).prop_map(SelectedCommand::Expunge),
        search().prop_map(SelectedCommand::Search),
        fetch().prop_map(SelectedCommand::Fetch),
        store().prop_map(SelectedCommand::Store),
        transfer().prop_map(SelectedCommand::Copy),
        transfer().prop_map(SelectedCommand::Move),
    ]
}

fn status_items() -> impl Strategy<Value = Vec<StatusItem>> {
    let all = vec![
        StatusItem::Messages,
        StatusItem::Recent,
        StatusItem::UidNext,
        StatusItem::UidValidity,
        StatusItem::Unseen,
        StatusItem::Deleted,
        StatusItem::Size,
        StatusItem::HighestModSeq,
        StatusItem::AppendLimit,
        StatusItem::MailboxId,
    ];
    vec(select(all), 1..5)
}

fn list() -> impl Strategy<Value = List> {
    let select = any::<[bool; 4]>().prop_map(|[subscribed, remote, recursive, special_use]| ListSelect {
        subscribed,
        remote,
        recursive_match: recursive && (subscribed || special_use),
        special_use,
    });
    let returns =
        (any::<[bool; 3]>(), option::of(status_items())).prop_map(|([subscribed, children, special_use], status)| {
            ListReturn { subscribed, children, special_use, status }
        });
    let pattern = || prop_oneof![Just("*".to_owned()), "x[ -~]{0,8}[%*]", name()];
    let extended =
        (select, name(), vec(pattern(), 1..4), returns).prop_map(|(select, reference, patterns, returns)| List {
            extended: true,
            select,
            reference,
            patterns,
            returns,
        });
    let plain = (name(), pattern()).prop_map(|(reference, pattern)| List {
        reference,
        patterns: vec![pattern],
        ..List::default()
    });
    prop_oneof![extended, plain]
}

fn append() -> impl Strategy<Value = Append> {
    let received = option::of((0i64..253_000_000_000).prop_map(Timestamp::from_seconds));
    let letter = (vec(flag(), 0..3), received, vec(any::<u8>(), 0..50), any::<bool>())
        .prop_map(|(flags, received, body, binary)| AppendLetter { flags, received, body: Bytes::from(body), binary });
    (name(), vec(letter, 1..4)).prop_map(|(folder, letters)| Append { folder, letters })
}

fn select_command() -> impl Strategy<Value = Select> {
    let qresync = (nz(), number64(), option::of(uid_set()), option::of((uid_set(), uid_set())))
        .prop_map(|(uid_validity, since, known, matched)| Qresync { uid_validity, since, known, matched });
    (name(), any::<bool>(), any::<bool>(), option::of(qresync))
        .prop_map(|(folder, read_only, condstore, qresync)| Select { folder, read_only, condstore, qresync })
}

fn create() -> impl Strategy<Value = FolderCommand> {
    let uses = vec![
        SpecialUse::All,
        SpecialUse::Archive,
        SpecialUse::Drafts,
        SpecialUse::Flagged,
        SpecialUse::Junk,
        SpecialUse::Sent,
        SpecialUse::Trash,
    ];
    let open = name().prop_filter("no separator at the end", |name| !name.ends_with('/'));
    (open, vec(select(uses), 0..3)).prop_map(|(folder, uses)| FolderCommand::Create { folder, uses })
}

/// Generates a command that needs no selected folder.
pub fn folder_command() -> impl Strategy<Value = FolderCommand> {
    let with_name = prop_oneof![
        name().prop_map(FolderCommand::Delete),
        name().prop_map(FolderCommand::Subscribe),
        name().prop_map(FolderCommand::Unsubscribe),
        name().prop_map(FolderCommand::GetQuotaRoot),
        (name(), name()).prop_map(|(from, to)| FolderCommand::Rename { from, to }),
        (name(), name()).prop_map(|(reference, pattern)| FolderCommand::Lsub { reference, pattern }),
    ];
    prop_oneof![
        with_name,
        vec(upper(), 1..4).prop_map(FolderCommand::Enable),
        select_command().prop_map(FolderCommand::Select),
        create(),
        list().prop_map(FolderCommand::List),
        (name(), status_items()).prop_map(|(folder, items)| FolderCommand::Status { folder, items }),
        Just(FolderCommand::Namespace),
        append().prop_map(FolderCommand::Append),
        Just(FolderCommand::Idle),
        text().prop_map(FolderCommand::GetQuota),
    ]
}

/// Generates any command.
pub fn command() -> impl Strategy<Value = Command> {
    let entry = prop_oneof![
        Just(EntryCommand::StartTls),
        (upper(), option::of("[a-zA-Z0-9/+]{1,20}={0,2}")).prop_map(|(mechanism, initial)| {
            EntryCommand::Authenticate { mechanism, initial: initial.map(Password::new) }
        }),
        (text(), text()).prop_map(|(name, password)| EntryCommand::Login { name, password: Password::new(password) }),
    ];
    let any_state = prop_oneof![
        select(vec![AnyCommand::Capability, AnyCommand::Noop, AnyCommand::Logout]),
        vec((text(), option::of(text())), 0..4).prop_map(AnyCommand::Id),
    ];
    prop_oneof![
        any_state.prop_map(Command::Any),
        entry.prop_map(Command::Entry),
        folder_command().prop_map(Command::Folder),
        selected().prop_map(Command::Selected),
    ]
}
