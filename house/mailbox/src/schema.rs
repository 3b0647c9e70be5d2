//! The tables of the mailbox.

use store::Migration;

/// The tables, in the order they came. How the next step is written stands at [`Migration`].
pub const MIGRATIONS: &[Migration] = &[
    Migration { room: "mailbox", number: 1, sql: FIRST },
    // The findings of the checks about a letter (see `crate::findings`).
    Migration { room: "mailbox", number: 2, sql: "ALTER TABLE letter ADD COLUMN findings {blob};" },
    // A letter lies in any number of folders (see `crate::letter::Place`).
    Migration { room: "mailbox", number: 3, sql: PLACES },
    // The people that an account knows (see `crate::acquaintance`).
    Migration { room: "mailbox", number: 4, sql: ACQUAINTANCES },
];

/// - `acquaintance`: the people that an account knows, as hashes (`mark`), each in the slot that its hash has. `wrote`: the
///   account has written to them. `generation`: when they became known. The generation of an account stands in slot -1.
/// - `acquaintance_read`: how far the letters of before this table have been read for it, and the last of them.
const ACQUAINTANCES: &str = "
CREATE TABLE acquaintance (
    account BIGINT NOT NULL,
    slot BIGINT NOT NULL,
    mark BIGINT NOT NULL,
    wrote BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    PRIMARY KEY (account, slot)
) {clustered};
CREATE TABLE acquaintance_read (id BIGINT NOT NULL PRIMARY KEY, after BIGINT NOT NULL, last BIGINT NOT NULL) {clustered};
INSERT INTO acquaintance_read (id, after, last) SELECT 1, 0, COALESCE(MAX(letter), 0) FROM letter;
";

/// No row is rewritten: every letter of before lies in one folder, so that nothing is doubled.
const PLACES: &str = "
ALTER TABLE letter_gone ADD COLUMN stays BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account_mail ADD COLUMN doubled BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX entry_placed ON entry (letter, folder);
DROP INDEX entry_letter;
";

/// The tables keep more than their names say:
/// - `account_mail`: the counters of a mailbox. `change` is the one change counter, `uid_validity` the last one given.
///   `emails`, `folders`, `threads`: the last change of any letter, folder, conversation, for a client that knows the
///   account as a whole (see [`crate::account_changes`]). To it a letter flagged `\\Deleted` is gone already.
///   `forgotten`: the change up to which `letter_gone` and `folder_gone` have been forgotten; `spoken`: the thread up to
///   which `thread_subject` has been. `doubled` counts the visible places of letters beyond the first of each, so that the
///   visible letters of the account are those of all folders without it.
/// - `folder`: without a name it was deleted and is `left_over` until its letters are cleared away behind it.
///   `highest` is its last change, `altered` the last change of the folder itself (name, use), `horizon` the change
///   up to which tombstones have been forgotten, `stale` counts changes since the checkpoint of its UIDs,
///   `buried` its tombstones. `unread`, `threads`, `unread_threads`: counters of what is visible; `counted` is the last
///   change of one of them, `born` the change that made the folder.
/// - `letter`: the facts that were computed when it was filed.
/// - `entry`: a place of a letter, which has at most one in each folder. Narrow and in UID order, so that FLAGS of a whole
///   folder is one short walk. All places of a letter repeat what is the letter's: `flags` but `\\Deleted`, which is the
///   place's own, `keywords`, `size`, `received`, `thread`, and `attached`, which says whether it has attachments, if that is
///   known. `change` is the last change of the place, `born` (of a visible place) the one that made the letter visible.
/// - `folder_thread`: how many visible letters of a conversation lie in a folder. `shown`: the conversation is shown as
///   unread there, by a letter of it that lies in the folder or in any other but the trash (whose `special_use` is 5).
/// - `tombstone`: UIDs that went, for QRESYNC (RFC 7162) and for other sessions.
/// - `letter_gone`, `folder_gone`: what left the account's sight, with the change that had brought it there. `stays`: the
///   letter lost a place that was visible, and has others that are.
/// - `thread_ref`: message ids (as hashes) by which letters find their conversation.
/// - `own_address`: the account's own addresses, as hashes.
/// - `thread_subject`: that the thread speaks of a subject with somebody (one hash for both) in a letter of that day
///   (see [`crate::thread`]). `waits`: the letter is an answer without a conversation.
/// - `report`: reports that nobody has looked at ([`crate::report`]).
/// - `gone`: letters that went and may still be in the search index.
/// - `read_anew`: how far the letters of earlier versions have been read as letters are read now (`index/anew.rs`).
///
/// Some work goes on in slices behind the write that decided it:
/// - `parting`: the letters of a folder that are decided to go (see `letter::part`).
/// - `settling`: folders that became the trash or are it no more, and the last conversation (`after`) that is shown as
///   read or unread by what the folder is now.
/// - `loose_thread`: conversations without a letter whose message ids are being forgotten.
const FIRST: &str = "
CREATE TABLE account_mail (
    account {key},
    quota BIGINT,
    used BIGINT NOT NULL DEFAULT 0,
    letters BIGINT NOT NULL DEFAULT 0,
    change BIGINT NOT NULL DEFAULT 0,
    uid_validity BIGINT NOT NULL DEFAULT 0,
    deleted BIGINT NOT NULL DEFAULT 0,
    emails BIGINT NOT NULL DEFAULT 0,
    folders BIGINT NOT NULL DEFAULT 0,
    threads BIGINT NOT NULL DEFAULT 0,
    forgotten BIGINT NOT NULL DEFAULT 0,
    spoken BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX account_deleted ON account_mail (account) WHERE deleted = 1;
CREATE INDEX account_busy ON account_mail (account) WHERE change - forgotten >= 200000;
CREATE INDEX account_spoken ON account_mail (account) WHERE change - spoken >= 24000;
CREATE TABLE folder (
    folder {id},
    account BIGINT NOT NULL,
    name TEXT,
    special_use BIGINT,
    uid_validity BIGINT NOT NULL,
    uid_next BIGINT NOT NULL DEFAULT 1,
    highest BIGINT NOT NULL DEFAULT 0,
    altered BIGINT NOT NULL DEFAULT 0,
    horizon BIGINT NOT NULL DEFAULT 0,
    total BIGINT NOT NULL DEFAULT 0,
    unseen BIGINT NOT NULL DEFAULT 0,
    deleted BIGINT NOT NULL DEFAULT 0,
    size BIGINT NOT NULL DEFAULT 0,
    stale BIGINT NOT NULL DEFAULT 0,
    buried BIGINT NOT NULL DEFAULT 0,
    left_over BIGINT NOT NULL DEFAULT 0,
    unread BIGINT NOT NULL DEFAULT 0,
    threads BIGINT NOT NULL DEFAULT 0,
    unread_threads BIGINT NOT NULL DEFAULT 0,
    counted BIGINT NOT NULL DEFAULT 0,
    born BIGINT NOT NULL DEFAULT 0,
    sort_order BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX folder_name ON folder (account, name);
CREATE INDEX folder_left ON folder (folder) WHERE left_over = 1;
CREATE INDEX folder_stale ON folder (folder) WHERE stale >= 4096;
CREATE INDEX folder_buried ON folder (folder) WHERE buried >= 100000;
CREATE TABLE subscription (
    account BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (account, name)
) {clustered};
CREATE TABLE letter (
    letter {id},
    account BIGINT NOT NULL,
    thread BIGINT NOT NULL,
    blob BIGINT NOT NULL,
    size BIGINT NOT NULL,
    summary {blob} NOT NULL,
    structure {blob} NOT NULL
);
CREATE INDEX letter_thread ON letter (account, thread);
CREATE TABLE entry (
    folder BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    letter BIGINT NOT NULL,
    change BIGINT NOT NULL,
    flags BIGINT NOT NULL,
    size BIGINT NOT NULL,
    received BIGINT NOT NULL,
    keywords {blob},
    thread BIGINT NOT NULL DEFAULT 0,
    born BIGINT NOT NULL DEFAULT 0,
    attached BIGINT,
    PRIMARY KEY (folder, uid)
) {clustered};
CREATE INDEX entry_change ON entry (folder, change);
CREATE UNIQUE INDEX entry_letter ON entry (letter);
CREATE INDEX entry_unseen ON entry (folder, (flags & 1), uid) WHERE (flags & 1) = 0;
CREATE INDEX entry_seen ON entry (folder, (flags & 1), uid) WHERE (flags & 1) = 1;
CREATE INDEX entry_flagged ON entry (folder, (flags & 4), uid) WHERE (flags & 4) = 4;
CREATE INDEX entry_deleted ON entry (folder, (flags & 8), uid) WHERE (flags & 8) = 8;
CREATE INDEX entry_received ON entry (folder, received, letter, thread) WHERE (flags & 8) = 0;
CREATE TABLE folder_thread (
    folder BIGINT NOT NULL,
    thread BIGINT NOT NULL,
    total BIGINT NOT NULL,
    unread BIGINT NOT NULL,
    account BIGINT NOT NULL DEFAULT 0,
    shown BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (folder, thread)
) {clustered};
CREATE INDEX folder_thread_account ON folder_thread (account, thread);
CREATE TABLE tombstone (
    folder BIGINT NOT NULL,
    change BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    PRIMARY KEY (folder, change, uid)
) {clustered};
CREATE TABLE letter_gone (
    account BIGINT NOT NULL,
    change BIGINT NOT NULL,
    letter BIGINT NOT NULL,
    born BIGINT NOT NULL,
    thread BIGINT NOT NULL,
    PRIMARY KEY (account, change, letter)
) {clustered};
CREATE TABLE folder_gone (
    account BIGINT NOT NULL,
    change BIGINT NOT NULL,
    folder BIGINT NOT NULL,
    born BIGINT NOT NULL,
    PRIMARY KEY (account, change, folder)
) {clustered};
CREATE TABLE keyword (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (account, id)
) {clustered};
CREATE UNIQUE INDEX keyword_name ON keyword (account, folded);
CREATE TABLE thread_ref (
    account BIGINT NOT NULL,
    hash BIGINT NOT NULL,
    thread BIGINT NOT NULL,
    PRIMARY KEY (account, hash)
) {clustered};
CREATE INDEX thread_ref_thread ON thread_ref (account, thread);
CREATE TABLE own_address (account BIGINT NOT NULL, hash BIGINT NOT NULL, PRIMARY KEY (account, hash)) {clustered};
CREATE TABLE thread_subject (
    account BIGINT NOT NULL,
    hash BIGINT NOT NULL,
    day BIGINT NOT NULL,
    thread BIGINT NOT NULL,
    waits BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (account, hash, day, thread)
) {clustered};
CREATE INDEX thread_subject_thread ON thread_subject (account, thread);
CREATE TABLE uid_checkpoint (
    folder {key},
    change BIGINT NOT NULL,
    uids {blob} NOT NULL
);
CREATE TABLE report (letter {key}, account BIGINT NOT NULL);
CREATE TABLE gone (letter {key});
CREATE TABLE read_anew (version {key}, after BIGINT NOT NULL, done BIGINT NOT NULL);
CREATE TABLE parting (folder {key}, uids {blob} NOT NULL);
CREATE TABLE settling (folder {key}, after BIGINT NOT NULL);
CREATE TABLE loose_thread (account BIGINT NOT NULL, thread BIGINT NOT NULL, PRIMARY KEY (account, thread)) {clustered};
";
