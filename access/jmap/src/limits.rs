//! The limits of one request, one person and one process. The session tells them to clients (RFC 8620 §2).

use std::time::Duration;

/// Octets of an upload.
pub const SIZE_UPLOAD: usize = 50_000_000;
/// The most uploads at one time, of one person.
pub const CONCURRENT_UPLOAD: usize = 4;
/// Octets of all uploads that are under way.
pub const UPLOADING: usize = 384 << 20;
/// Octets of all letters that are being made. Each attachment counts twice: as it is, and as it stands in the letter.
pub const MAKING: usize = 256 << 20;
/// The time that a request waits for a place in that memory.
pub const MEMORY_PATIENCE: Duration = Duration::from_secs(30);
/// Octets of a request.
pub const SIZE_REQUEST: usize = 10_000_000;
/// The most requests at one time, of one person.
pub const CONCURRENT_REQUESTS: usize = 8;
/// The most method calls in a request.
pub const CALLS_IN_REQUEST: usize = 64;
/// The most objects that one `/get` returns.
pub const OBJECTS_IN_GET: usize = 1000;
/// The most objects that one `/set` changes.
pub const OBJECTS_IN_SET: usize = 1000;
/// The most mailboxes that one `Mailbox/set` changes: all in one write.
pub const MAILBOXES_IN_SET: usize = 250;
/// The most octets of memory of one update, about: it is applied while nobody else can write.
pub const UPDATE: usize = 1 << 20;
/// The most ids that one `/query` returns.
pub const QUERY: usize = 5000;
/// The most ids that one `/changes` returns if the client does not ask for fewer.
pub const CHANGES: usize = 5000;
/// The most changes that one `/queryChanges` returns.
pub const QUERY_CHANGES: usize = 20_000;
/// The most octets of memory that a request takes once it is read, about: a text of some megabytes can stand for a
/// gigabyte.
pub const PARSED_REQUEST: usize = 32 << 20;
/// The octets of memory for all requests that are under way, as they come, are read and are answered.
pub const REQUESTING: usize = 160 << 20;
/// A request or an answer of no more octets than this takes no share of that memory.
pub const SMALL: usize = 64 << 10;
/// The most requests that are carried out at one time: each has a thread while it lasts.
pub const AT_WORK: usize = 64;
/// The most octets of memory of all responses of one request, about: past it, methods answer that they are too large.
pub const RESPONSES: usize = 32 << 20;
/// The most octets of memory that the answer of one call with letters takes.
pub const ANSWER: usize = 24 << 20;
/// The most octets of memory that the references of one request may copy and visit: a small request cannot make a large
/// one.
pub const REFERENCES: usize = 16 << 20;
/// The most properties that one call may ask for of each object.
pub const PROPERTIES: usize = 100;
/// The most octets of text that one `Email/get` or `Email/parse` returns in body values.
pub const BODY_VALUES: usize = 16 << 20;
/// The most octets of one body value, whatever the client asks for.
pub const BODY_VALUE: usize = 5 << 20;
/// The most octets of the attachments of a letter that is made here.
pub const ATTACHMENTS: usize = 50_000_000;
/// The most event sources at one time, of one person.
pub const EVENT_SOURCES: usize = 20;
/// The most recipients of one submission.
pub const RECIPIENTS: usize = 1000;
/// The most reports that are linked to one submission: further ones change nothing.
pub const REPORTS: usize = 1000;
/// The most uploads that are kept for one person, and the most octets of them.
pub const KEPT_UPLOADS: usize = 1000;
/// See [`KEPT_UPLOADS`].
pub const KEPT_UPLOAD_OCTETS: u64 = 500_000_000;
/// The time that a letter may be delayed at its author's wish, in seconds: a year.
pub const DELAYED_SEND: u64 = 366 * 24 * 3600;
/// The most pieces that one blob is put together from (RFC 9404 §3 requires at least 64).
pub const DATA_SOURCES: usize = 256;
/// The most octets that one `Blob/upload` or `Blob/get` reads of blobs: the octets before a range of an encoded blob
/// are read as well.
pub const BLOBS_READ: u64 = 256 << 20;
/// Octets of a blob that are copied to another one in one step.
pub const BLOB_AT_ONCE: u64 = 1 << 20;
