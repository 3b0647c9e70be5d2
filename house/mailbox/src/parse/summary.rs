//! The pieces of ENVELOPE (RFC 9051 §7.5.2), as they stand in the header.

use std::cell::OnceCell;
use std::fmt;

use mail::header::{self, Mention};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::column;
use super::raw::{charset_told, repaired};

/// The most octets kept of one field. A longer one is cut.
const LONGEST_FIELD: usize = 64 * 1024;
/// The most mentions read from an address field.
pub const MOST_MENTIONS: usize = 2000;

/// A field that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// `Date`
    Date,
    /// `Subject`
    Subject,
    /// `From`
    From,
    /// `Sender`
    Sender,
    /// `Reply-To`
    ReplyTo,
    /// `To`
    To,
    /// `Cc`
    Cc,
    /// `Bcc`
    Bcc,
    /// `In-Reply-To`
    InReplyTo,
    /// `Message-ID`
    MessageId,
    /// `References`
    References,
}

impl Piece {
    /// All, in the order they are kept.
    pub const ALL: [Self; 11] = [
        Self::Date,
        Self::Subject,
        Self::From,
        Self::Sender,
        Self::ReplyTo,
        Self::To,
        Self::Cc,
        Self::Bcc,
        Self::InReplyTo,
        Self::MessageId,
        Self::References,
    ];

    /// The field's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Date => "Date",
            Self::Subject => "Subject",
            Self::From => "From",
            Self::Sender => "Sender",
            Self::ReplyTo => "Reply-To",
            Self::To => "To",
            Self::Cc => "Cc",
            Self::Bcc => "Bcc",
            Self::InReplyTo => "In-Reply-To",
            Self::MessageId => "Message-ID",
            Self::References => "References",
        }
    }

    /// The piece of a field's name, whatever its case.
    pub fn of(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|piece| piece.name().as_bytes().eq_ignore_ascii_case(name))
    }

    fn bit(self) -> u16 {
        1 << (self as u16)
    }

    fn is_list(self) -> bool {
        matches!(self, Self::From | Self::ReplyTo | Self::To | Self::Cc | Self::Bcc)
    }
}

const PIECES: usize = Piece::ALL.len();

/// The bit of a length in the column that says that the piece is not all there is; in the first length, that this is
/// noted at all.
const PARTIAL: u32 = 1 << 31;
const TOLD: u32 = 1 << 30;

/// Fields of the header, unfolded, otherwise as written: encoded words are still encoded. One allocation holds all.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Summary {
    octets: Box<[u8]>,
    /// For each piece, its end in `octets`, and whether the field was there at all.
    ends: [(u32, bool); PIECES],
    /// The pieces, one bit each, that are not all there is of their fields: of several of a name, or cut. Columns from
    /// before that was noted do not say.
    partial: Option<u16>,
    /// The time that `Date` says, if it can be read.
    pub sent: Option<Sent>,
}

/// A date-time as somebody wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Seconds since 1970 in UTC.
    pub seconds: i64,
    /// The days since 1970 of the date as written, whatever the zone: SENTBEFORE compares these (RFC 9051 §6.4.4).
    pub day: i64,
}

macro_rules! pieces {
    ($($name:ident $piece:ident;)+) => {
        $(
            #[doc = concat!("The field ", stringify!($piece), ", where there was one.")]
            pub fn $name(&self) -> Option<&[u8]> {
                self.piece(Piece::$piece)
            }
        )+
    };
}

impl Summary {
    pieces! {
        date Date;
        subject Subject;
        from From;
        sender Sender;
        reply_to ReplyTo;
        to To;
        cc Cc;
        bcc Bcc;
        in_reply_to InReplyTo;
        message_id MessageId;
        references References;
    }

    /// Reads the header at the start of `letter`. Of a field that comes twice the last counts, as for JMAP (RFC 8621
    /// §4.1.3); address fields are joined, since some mailers write one for each person. A value in no charset that a
    /// header may be in is brought into UTF-8.
    pub fn parse(letter: &[u8]) -> Self {
        Self::parse_within(letter, LONGEST_FIELD)
    }

    /// The same, with a limit for each field.
    pub(super) fn parse_within(letter: &[u8], longest: usize) -> Self {
        let mut found: [Option<Vec<u8>>; PIECES] = Default::default();
        let mut partial = 0;
        let told = OnceCell::new();
        for field in header::fields(letter) {
            let Some(piece) = Piece::of(field.name) else { continue };
            let Some(place) = found.get_mut(piece as usize) else { continue };
            let value = repaired(field.value(), || told.get_or_init(|| charset_told(letter)).clone());
            if place.is_some() || value.len() > longest {
                partial |= piece.bit();
            }
            let value = &value[..value.len().min(longest)];
            match place {
                Some(before) if piece.is_list() => {
                    if before.len() + value.len() + 2 <= longest {
                        before.extend_from_slice(b", ");
                        before.extend_from_slice(value);
                    }
                }
                _ => *place = Some(value.to_vec()),
            }
        }
        let sent = found[Piece::Date as usize].as_deref().and_then(super::date::read);
        Self::joined(&found, sent, partial)
    }

    fn joined(found: &[Option<Vec<u8>>; PIECES], sent: Option<Sent>, partial: u16) -> Self {
        let mut octets = Vec::with_capacity(found.iter().flatten().map(Vec::len).sum());
        let mut ends = [(0, false); PIECES];
        for (end, field) in ends.iter_mut().zip(found) {
            octets.extend_from_slice(field.as_deref().unwrap_or_default());
            *end = (u32::try_from(octets.len()).unwrap_or(u32::MAX), field.is_some());
        }
        Self { octets: octets.into(), ends, partial: Some(partial), sent }
    }

    /// Returns true if the piece is known to be the whole value of the one field of its name.
    pub fn is_whole(&self, piece: Piece) -> bool {
        self.partial.is_some_and(|partial| partial & piece.bit() == 0)
    }

    /// Returns true if it is known that there is more of the field than this piece.
    pub fn is_partial(&self, piece: Piece) -> bool {
        self.partial.is_some_and(|partial| partial & piece.bit() != 0)
    }

    /// Returns true if both tell a client the same. The notes beside, of which fields are whole, may differ.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        (&self.octets, self.ends, self.sent) == (&other.octets, other.ends, other.sent)
    }

    /// A field, if there was one.
    pub fn piece(&self, piece: Piece) -> Option<&[u8]> {
        let at = piece as usize;
        let (end, there) = *self.ends.get(at)?;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end);
        self.octets.get(start as usize..end as usize).filter(|_| there)
    }

    /// The people of an address field, in order, groups included.
    pub fn mentions(&self, piece: Piece) -> Vec<Mention> {
        self.piece(piece).map(|value| header::mentions(value, MOST_MENTIONS)).unwrap_or_default()
    }

    /// Octets kept.
    pub(super) fn weight(&self) -> usize {
        self.octets.len()
    }

    /// The column: a version, the date as it was read, how long each piece is, and the pieces.
    pub fn encode(&self) -> Vec<u8> {
        let mut lengths = [0u32; PIECES];
        let mut before = 0;
        for (length, (end, there)) in lengths.iter_mut().zip(self.ends) {
            *length = if there { end - before + 1 } else { 0 };
            before = end;
        }
        for (piece, length) in Piece::ALL.into_iter().zip(&mut lengths) {
            if self.partial.is_some_and(|partial| partial & piece.bit() != 0) {
                *length |= PARTIAL;
            }
        }
        if let (Some(first), Some(_)) = (lengths.first_mut(), self.partial) {
            *first |= TOLD;
        }
        let sent = self.sent.map(|sent| (sent.seconds, sent.day));
        let mut encoded = column::encode(&(sent, lengths));
        encoded.extend_from_slice(&self.octets);
        encoded
    }

    /// Reads the column; `None` if it is damaged.
    pub fn decode(encoded: &[u8]) -> Option<Self> {
        let ((sent, lengths), octets) = column::decode_start::<(Option<(i64, i64)>, [u32; PIECES])>(encoded)?;
        let mut ends = [(0, false); PIECES];
        let mut at = 0u32;
        let told = lengths.first().is_some_and(|first| first & TOLD != 0);
        let marked = Piece::ALL.into_iter().zip(lengths).filter(|(_, length)| length & PARTIAL != 0);
        let partial = marked.fold(0, |partial, (piece, _)| partial | piece.bit());
        for (end, length) in ends.iter_mut().zip(lengths.map(|length| length & !(PARTIAL | TOLD))) {
            at = at.checked_add(length.saturating_sub(1))?;
            *end = (at, length > 0);
        }
        let whole = octets.len() == at as usize;
        let sent = sent.map(|(seconds, day)| Sent { seconds, day });
        whole.then(|| Self { octets: octets.into(), ends, partial: told.then_some(partial), sent })
    }
}

impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Summary");
        for piece in Piece::ALL {
            if let Some(value) = self.piece(piece) {
                fields.field(piece.name(), &value.escape_ascii().to_string());
            }
        }
        fields.finish()
    }
}

/// Inside a structure: the column of the letter inside.
impl Serialize for Summary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.encode())
    }
}

impl<'de> Deserialize<'de> for Summary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let encoded: &[u8] = Deserialize::deserialize(deserializer)?;
        Self::decode(encoded).ok_or_else(|| de::Error::custom("a damaged summary"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &[u8] = b"From: Alice <alice@alpha.test>\r\nTo: bob@beta.test\r\nSubject: a long\r\n subject\r\n\
        to: carol@gamma.test\r\nDate: Tue, 24 Nov 2026 23:22:57 -0500\r\nCc:\r\n\r\nSubject: not this\r\n";

    #[test]
    fn the_pieces_of_the_envelope_are_kept_as_written() {
        let summary = Summary::parse(LETTER);
        assert_eq!(summary.from(), Some(&b"Alice <alice@alpha.test>"[..]));
        assert_eq!(summary.to(), Some(&b"bob@beta.test, carol@gamma.test"[..]));
        assert_eq!(summary.subject(), Some(&b"a long subject"[..]));
        assert_eq!(summary.cc(), Some(&b""[..]));
        assert_eq!(summary.bcc(), None);
        assert_eq!(summary.mentions(Piece::To).len(), 2);
    }

    #[test]
    fn the_day_of_sending_is_the_writers() {
        let sent = Summary::parse(LETTER).sent.unwrap();
        assert_eq!(Some(crate::search::Day(sent.day)), crate::search::Day::of(2026, 11, 24));
        assert_eq!(sent.seconds, 1_795_580_577);
    }

    #[test]
    fn a_summary_goes_round_through_its_column() {
        let summary = Summary::parse(LETTER);
        assert_eq!(Summary::decode(&summary.encode()), Some(summary));
        assert_eq!(Summary::decode(&Summary::default().encode()), Some(Summary::default()));
    }

    #[test]
    fn what_is_not_all_there_is_says_so() {
        let summary = Summary::parse(LETTER);
        assert!(!summary.is_whole(Piece::To) && summary.is_whole(Piece::From) && summary.is_whole(Piece::Bcc));
        let again = Summary::decode(&summary.encode()).unwrap();
        assert!(!again.is_whole(Piece::To) && again.is_whole(Piece::Subject));
        let giant = format!("Subject: {}\r\n\r\n", "x".repeat(1 << 20));
        assert!(!Summary::parse(giant.as_bytes()).is_whole(Piece::Subject));
        // A column from before that was noted.
        let older = Summary { partial: None, ..summary };
        let read = Summary::decode(&older.encode()).unwrap();
        assert_eq!(read, older);
        assert!(!read.is_whole(Piece::From));
    }

    #[test]
    fn a_damaged_column_is_no_summary() {
        let column = Summary::parse(LETTER).encode();
        for cut in 0..column.len() {
            assert_eq!(Summary::decode(&column[..cut]), None);
        }
    }

    #[test]
    fn a_giant_field_is_cut() {
        let letter = format!("Subject: {}\r\nTo: a@b.test\r\n\r\n", "x".repeat(1 << 20));
        let summary = Summary::parse(letter.as_bytes());
        assert_eq!(summary.subject().unwrap().len(), LONGEST_FIELD);
        assert_eq!(summary.to(), Some(&b"a@b.test"[..]));
    }
}
