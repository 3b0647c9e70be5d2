//! The canonical form of the body (RFC 6376 §3.4.3, §3.4.4), and its hashes, in one pass over pieces of any size.

use ring::digest;

use super::canonical::Form;

/// The statement of a signature about the body: its form, and the octets that it covers (`l=`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    pub form: Form,
    pub up_to: Option<u64>,
}

/// The hash of what was covered.
#[derive(Clone, Copy, Debug)]
pub struct BodyHash {
    pub sha256: digest::Digest,
    /// The octets of the whole body in its canonical form.
    pub length: u64,
}

/// Hashes a body in every way that the signatures of a letter ask for, each once.
pub struct Bodies {
    simple: Canonical,
    relaxed: Canonical,
}

impl Bodies {
    /// Begins the hashes of a body.
    pub fn new(asked: impl IntoIterator<Item = Covered>) -> Self {
        let mut bodies = Self { simple: Canonical::new(Form::Simple), relaxed: Canonical::new(Form::Relaxed) };
        for covered in asked {
            bodies.form(covered.form).hashes.ask(covered.up_to);
        }
        bodies
    }

    fn form(&mut self, form: Form) -> &mut Canonical {
        match form {
            Form::Simple => &mut self.simple,
            Form::Relaxed => &mut self.relaxed,
        }
    }

    /// Takes the next octets of the body.
    pub fn octets(&mut self, piece: &[u8]) {
        self.simple.octets(piece);
        self.relaxed.octets(piece);
    }

    /// Ends the body.
    pub fn finish(self) -> Hashed {
        Hashed { simple: self.simple.finish(), relaxed: self.relaxed.finish() }
    }
}

/// The hashes of a whole body.
pub struct Hashed {
    simple: Hashes,
    relaxed: Hashes,
}

impl Hashed {
    /// Finds a hash that [`Bodies::new`] was asked for.
    pub fn find(&self, covered: Covered) -> Option<BodyHash> {
        let hashes = match covered.form {
            Form::Simple => &self.simple,
            Form::Relaxed => &self.relaxed,
        };
        let (_, context) = hashes.asked.iter().find(|(up_to, _)| *up_to == covered.up_to)?;
        Some(BodyHash { sha256: context.clone().finish(), length: hashes.length })
    }
}

/// The hashes of one form: one for each `l=`, and one without.
#[derive(Default)]
struct Hashes {
    asked: Vec<(Option<u64>, digest::Context)>,
    length: u64,
}

impl Hashes {
    fn ask(&mut self, up_to: Option<u64>) {
        if !self.asked.iter().any(|(known, _)| *known == up_to) {
            self.asked.push((up_to, digest::Context::new(&digest::SHA256)));
        }
    }

    fn update(&mut self, octets: &[u8]) {
        for (up_to, context) in &mut self.asked {
            let left = up_to.map_or(u64::MAX, |up_to| up_to.saturating_sub(self.length));
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            context.update(&octets[..octets.len().min(left)]);
        }
        self.length += octets.len() as u64;
    }
}

/// The body in one form. What may still turn out to be the end of a line or of the body is counted and not hashed yet.
struct Canonical {
    form: Form,
    hashes: Hashes,
    /// The line ends behind the last octet that was hashed.
    line_ends: u64,
    /// Spaces and tabs stand behind them; only the relaxed form holds them back.
    space: bool,
    /// A CR stands behind them, and its LF may follow.
    cr: bool,
}

/// Line ends that are hashed at a time, when a body goes on after many empty lines.
const LINE_ENDS: [u8; 512] = {
    let mut ends = [b'\r'; 512];
    let mut at = 1;
    while at < ends.len() {
        ends[at] = b'\n';
        at += 2;
    }
    ends
};

impl Canonical {
    fn new(form: Form) -> Self {
        Self { form, hashes: Hashes::default(), line_ends: 0, space: false, cr: false }
    }

    fn octets(&mut self, piece: &[u8]) {
        if piece.is_empty() || self.hashes.asked.is_empty() {
            return;
        }
        let mut rest = piece;
        if self.cr
            && let Some((first, after)) = rest.split_first()
        {
            self.cr = false;
            if *first == b'\n' {
                self.line_end();
                rest = after;
            } else {
                self.text(b"\r");
            }
        }
        match self.form {
            Form::Simple => self.simple(rest),
            Form::Relaxed => self.relaxed(rest),
        }
    }

    /// Hashes all but the line ends at the end of the piece.
    fn simple(&mut self, piece: &[u8]) {
        let (mut text, cr) = piece.strip_suffix(b"\r").map_or((piece, false), |text| (text, true));
        let mut ends = 0;
        while let Some(shorter) = text.strip_suffix(b"\r\n") {
            text = shorter;
            ends += 1;
        }
        if !text.is_empty() {
            self.text(text);
        }
        self.line_ends += ends;
        self.cr = cr;
    }

    /// Hashes each run of octets that is canonical as it stands: it has single spaces only, and ends with none.
    fn relaxed(&mut self, piece: &[u8]) {
        let mut at = 0;
        while at < piece.len() {
            let run = canonical_run(&piece[at..]);
            if run > 0 {
                self.text(&piece[at..at + run]);
                at += run;
                continue;
            }
            match piece[at] {
                b'\r' if at + 1 == piece.len() => self.cr = true,
                b'\r' if piece[at + 1] == b'\n' => {
                    self.line_end();
                    at += 1;
                }
                b'\r' => self.text(b"\r"),
                _ => self.space = true,
            }
            at += 1;
        }
    }

    /// A line ends. White space before it does not count.
    fn line_end(&mut self) {
        self.space = false;
        self.line_ends += 1;
    }

    /// Octets stand on the line. What was held back before them counts now.
    fn text(&mut self, octets: &[u8]) {
        self.hash_line_ends();
        if std::mem::take(&mut self.space) {
            self.hashes.update(b" ");
        }
        self.hashes.update(octets);
    }

    fn hash_line_ends(&mut self) {
        let mut left = std::mem::take(&mut self.line_ends).saturating_mul(2);
        while left > 0 {
            let now = usize::try_from(left).unwrap_or(usize::MAX).min(LINE_ENDS.len());
            self.hashes.update(&LINE_ENDS[..now]);
            left -= now as u64;
        }
    }

    fn finish(mut self) -> Hashes {
        if std::mem::take(&mut self.cr) {
            self.text(b"\r");
        }
        // RFC 6376 §3.4.3: an empty body is one line end in the simple form, and §3.4.4: nothing in the relaxed form.
        if self.hashes.length > 0 || self.form == Form::Simple {
            self.hashes.update(b"\r\n");
        }
        self.hashes
    }
}

/// Returns the length of the longest canonical run at the start: it holds no CR and no tab, and each of its spaces stands
/// between two other octets.
fn canonical_run(text: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let Some(step) = memchr::memchr3(b' ', b'\r', b'\t', &text[at..]) else { return text.len() };
        let single = text[at + step] == b' ' && !matches!(text.get(at + step + 1), None | Some(b' ' | b'\r' | b'\t'));
        if !single || at + step == 0 {
            return at + step;
        }
        at += step + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The rules of the standard, word by word, over a whole body.
    fn plainly(form: Form, body: &[u8]) -> Vec<u8> {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let mut rest = body;
        while let Some(end) = memchr::memmem::find(rest, b"\r\n") {
            lines.push(rest[..end].to_vec());
            rest = &rest[end + 2..];
        }
        lines.push(rest.to_vec());
        if form == Form::Relaxed {
            lines.iter_mut().for_each(|line| *line = relaxed_line(line));
        }
        while lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        if lines.is_empty() && form == Form::Simple {
            return b"\r\n".to_vec();
        }
        lines.into_iter().flat_map(|line| [line, b"\r\n".to_vec()].concat()).collect()
    }

    fn relaxed_line(line: &[u8]) -> Vec<u8> {
        let mut short: Vec<u8> = Vec::new();
        for octet in line.iter().map(|octet| if *octet == b'\t' { b' ' } else { *octet }) {
            if octet != b' ' || short.last() != Some(&b' ') {
                short.push(octet);
            }
        }
        if short.last() == Some(&b' ') {
            short.pop();
        }
        short
    }

    fn hash(octets: &[u8]) -> Vec<u8> {
        digest::digest(&digest::SHA256, octets).as_ref().to_vec()
    }

    fn hashed(form: Form, up_to: Option<u64>, pieces: &[&[u8]]) -> (Vec<u8>, u64) {
        let covered = Covered { form, up_to };
        let mut bodies = Bodies::new([covered]);
        pieces.iter().for_each(|piece| bodies.octets(piece));
        let hash = bodies.finish().find(covered).unwrap();
        (hash.sha256.as_ref().to_vec(), hash.length)
    }

    #[test]
    fn the_examples_of_the_standard_hash_as_they_stand_there() {
        // RFC 6376 §3.4.5.
        let body = b" C \r\nD \t E\r\n\r\n\r\n";
        assert_eq!(hashed(Form::Relaxed, None, &[body]).0, hash(b" C\r\nD E\r\n"));
        assert_eq!(hashed(Form::Simple, None, &[body]).0, hash(b" C \r\nD \t E\r\n"));
        assert_eq!(hashed(Form::Simple, None, &[]), (hash(b"\r\n"), 2));
        assert_eq!(hashed(Form::Relaxed, None, &[]), (hash(b""), 0));
    }

    #[test]
    fn ends_of_bodies_are_exact_to_the_octet() {
        for (body, simple, relaxed) in [
            ("\r\n\r\n", "\r\n", ""),
            (" \t\r\n \r\n", " \t\r\n \r\n", ""),
            ("a", "a\r\n", "a\r\n"),
            ("a \r\n \t \r\n\r\n", "a \r\n \t \r\n", "a\r\n"),
            ("a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"),
            ("a\n\n", "a\n\n\r\n", "a\n\n\r\n"),
            ("a\r\r\n\r", "a\r\r\n\r\r\n", "a\r\r\n\r\r\n"),
            ("a \rb", "a \rb\r\n", "a \rb\r\n"),
            ("a  \r\r\n", "a  \r\r\n", "a \r\r\n"),
        ] {
            assert_eq!(hashed(Form::Simple, None, &[body.as_bytes()]).0, hash(simple.as_bytes()), "{body:?}");
            assert_eq!(hashed(Form::Relaxed, None, &[body.as_bytes()]).0, hash(relaxed.as_bytes()), "{body:?}");
        }
    }

    #[test]
    fn a_hash_covers_no_more_than_it_says_and_tells_the_length_of_the_whole() {
        assert_eq!(hashed(Form::Simple, Some(3), &[b"ab", b"cdef\r\n"]), (hash(b"abc"), 8));
        assert_eq!(hashed(Form::Simple, Some(0), &[b"ab"]), (hash(b""), 4));
        assert_eq!(hashed(Form::Relaxed, Some(900), &[b"a  b"]), (hash(b"a b\r\n"), 5));
    }

    #[test]
    fn many_empty_lines_before_more_text_are_hashed() {
        let body = [vec![b"\r\n".to_vec(); 3000].concat(), b"x".to_vec()].concat();
        assert_eq!(hashed(Form::Relaxed, None, &[&body]).0, hash(&plainly(Form::Relaxed, &body)));
    }

    proptest! {
        #[test]
        fn any_body_in_any_pieces_hashes_as_the_standard_says(
            octets in prop::collection::vec(prop::sample::select(b"ab \t\r\n".to_vec()), 0..60),
            breaks in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let mut at: Vec<usize> = breaks.iter().map(|at| at.index(octets.len() + 1)).collect();
            at.extend([0, octets.len()]);
            at.sort_unstable();
            let pieces: Vec<&[u8]> = at.windows(2).map(|ends| &octets[ends[0]..ends[1]]).collect();
            for form in [Form::Simple, Form::Relaxed] {
                let canonical = plainly(form, &octets);
                prop_assert_eq!(hashed(form, None, &pieces), (hash(&canonical), canonical.len() as u64));
            }
        }
    }
}
