//! The tables. Times are milliseconds since 1970.

use store::Migration;

/// The tables, in the order they came. How the next step is written stands at [`Migration`].
pub const MIGRATIONS: &[Migration] =
    &[Migration { room: "mra", number: 1, sql: FIRST }, Migration { room: "mra", number: 2, sql: LABELS }];

/// The tables keep more than their names say:
/// - `fetch_source`: a mailbox elsewhere. `service`: 1 fetched by `facteur serve`; 0 it was fetched once, by a command;
///   2 removed. Both are kept for what is known of their letters. `fault` and `said` tell how it fares since `since`.
/// - `fetch_folder`: a folder there. All its letters below `uid_next` have been dealt with, and it had `messages`
///   letters then. POP3 has one, without a name. `furnished`: it was made here, and subscribed to as it is there.
/// - `fetch_letter`: a letter there. `key` is UIDVALIDITY and UID (both big-endian), or a unique-id, or a hash.
///   `state`: 0 here, 1 older than what is wanted, 2 the same as another row, 3 taken away there by us, 4 here, but
///   shorter than its server says it is.
///   `gone`: it is not there any more, under this key; what turns up under another key may be it.
/// - `fetch_left`: a letter that could not be fetched, by its key; or a folder that could not, under the empty key. `why`
///   says what kind of trouble it is, `said` how the server put it. `tries` counts the vain ones: 0 is a letter that is
///   only suspected, because the connection broke while it was one of those asked for. `tried` is the last one,
///   `next_try` when the program tries again by itself.
/// - `fetch_alert`: what a server wanted people to see, by a hash of its text, and when it was last heard.
const FIRST: &str = "
CREATE TABLE fetch_source (
    source {id},
    name TEXT NOT NULL UNIQUE,
    service BIGINT NOT NULL,
    settings TEXT NOT NULL,
    secret {blob},
    created BIGINT NOT NULL,
    fault TEXT,
    said TEXT NOT NULL DEFAULT '',
    since BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    next_try BIGINT NOT NULL DEFAULT 0,
    success BIGINT,
    letters BIGINT NOT NULL DEFAULT 0,
    octets BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE fetch_folder (
    folder {id},
    source BIGINT NOT NULL,
    name {blob} NOT NULL,
    validity BIGINT NOT NULL DEFAULT 0,
    uid_next BIGINT NOT NULL DEFAULT 0,
    messages BIGINT NOT NULL DEFAULT 0,
    furnished BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX fetch_folder_name ON fetch_folder (source, name);
CREATE TABLE fetch_letter (
    folder BIGINT NOT NULL,
    key {blob} NOT NULL,
    source BIGINT NOT NULL,
    state BIGINT NOT NULL,
    gone BIGINT NOT NULL DEFAULT 0,
    fetched BIGINT NOT NULL,
    size BIGINT NOT NULL,
    light {blob},
    content {blob},
    gmail BIGINT,
    PRIMARY KEY (folder, key)
) {clustered};
CREATE INDEX fetch_letter_light ON fetch_letter (source, light) WHERE gone = 1;
CREATE INDEX fetch_letter_content ON fetch_letter (source, content) WHERE gone = 1;
CREATE UNIQUE INDEX fetch_letter_gmail ON fetch_letter (source, gmail) WHERE gmail IS NOT NULL;
CREATE INDEX fetch_letter_due ON fetch_letter (folder, fetched) WHERE state = 0 AND gone = 0;
CREATE TABLE fetch_left (
    folder BIGINT NOT NULL,
    key {blob} NOT NULL,
    source BIGINT NOT NULL,
    why TEXT NOT NULL,
    said TEXT NOT NULL,
    size BIGINT NOT NULL,
    since BIGINT NOT NULL,
    tried BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    next_try BIGINT NOT NULL,
    PRIMARY KEY (folder, key)
) {clustered};
CREATE INDEX fetch_left_source ON fetch_left (source);
CREATE TABLE fetch_alert (
    source BIGINT NOT NULL,
    digest {blob} NOT NULL,
    heard BIGINT NOT NULL,
    PRIMARY KEY (source, digest)
) {clustered};
";

/// A letter of Gmail's lies in many folders:
/// - `fetch_label`: a folder of a letter there, by its use or name, and the place that it has here for it: folder and UID.
///   `uid` is 0 where there is none: the person put the letter there before, or rules put it elsewhere. Under the empty name
///   stands the place of a letter that lies here in none of its folders there.
/// - `fetch_folder.modseq`: HIGHESTMODSEQ of the folder when its labels were looked at last; 0: never.
const LABELS: &str = "
CREATE TABLE fetch_label (
    source BIGINT NOT NULL,
    gmail BIGINT NOT NULL,
    place TEXT NOT NULL,
    lies BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    PRIMARY KEY (source, gmail, place)
) {clustered};
ALTER TABLE fetch_folder ADD COLUMN modseq BIGINT NOT NULL DEFAULT 0;
";
