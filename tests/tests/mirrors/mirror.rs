//! The knowledge that a client has of a folder, made of nothing but the server's words.

use std::collections::BTreeSet;

pub type Flags = BTreeSet<String>;

/// A letter, as far as it was told of.
#[derive(Clone, Debug, Default)]
pub struct Letter {
    pub uid: Option<u32>,
    pub flags: Option<Flags>,
    pub modseq: Option<u64>,
}

/// A folder: its letters in their order.
#[derive(Clone, Debug, Default)]
pub struct Mirror {
    pub validity: u32,
    pub letters: Vec<Letter>,
    /// The highest modification sequence it was told.
    pub highest: u64,
    /// The same at the end of the last command that told everything: it may come back with this one (RFC 7162 §3.2.5).
    pub settled: u64,
    /// UIDs of letters that are gone: commands may still name them.
    pub ghosts: Vec<u32>,
}

impl Mirror {
    /// Takes an untagged response in. Letters may only go where the command allows it (RFC 9051 §7.5.1).
    pub fn hear(&mut self, line: &str, may_expunge: bool) -> Result<(), String> {
        let Some(rest) = line.strip_prefix("* ") else { return Ok(()) };
        let mut words = rest.split(' ');
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if !may_expunge && (second == "EXPUNGE" || first == "VANISHED") {
            return Err("no letter may go now".into());
        }
        match (first.parse::<usize>(), second) {
            (Ok(count), "EXISTS") if count < self.letters.len() => Err("EXISTS never takes letters away".into()),
            (Ok(count), "EXISTS") => {
                self.letters.resize_with(count, Letter::default);
                Ok(())
            }
            (Ok(place), "FETCH") => self.learn(place, rest),
            (Ok(place), "EXPUNGE") => self.lose(place),
            (Err(_), "(EARLIER)") if first == "VANISHED" => {
                let gone = numbers(rest.rsplit(' ').next().unwrap_or_default());
                self.letters.retain(|letter| letter.uid.is_none_or(|uid| !gone.contains(&uid)));
                Ok(())
            }
            (Err(_), set) if first == "VANISHED" => numbers(set).into_iter().try_for_each(|uid| self.vanish(uid)),
            (Err(_), "[HIGHESTMODSEQ") => {
                let told = words.next().and_then(|word| word.trim_end_matches(']').parse().ok());
                self.highest = self.highest.max(told.unwrap_or(0));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn lose(&mut self, place: usize) -> Result<(), String> {
        if place == 0 || place > self.letters.len() {
            return Err(format!("there is no letter {place}"));
        }
        self.ghosts.extend(self.letters.remove(place - 1).uid);
        Ok(())
    }

    /// Takes out the letter of this UID, or one whose UID is not known yet, between its neighbours.
    fn vanish(&mut self, uid: u32) -> Result<(), String> {
        let place = self.letters.iter().position(|letter| letter.uid == Some(uid)).or_else(|| {
            let behind = self.letters.iter().position(|letter| letter.uid.is_some_and(|other| other > uid));
            self.letters[..behind.unwrap_or(self.letters.len())].iter().rposition(|letter| letter.uid.is_none())
        });
        self.letters.remove(place.ok_or(format!("VANISHED {uid}: a letter that was never told"))?);
        self.ghosts.push(uid);
        Ok(())
    }

    fn learn(&mut self, place: usize, line: &str) -> Result<(), String> {
        let count = self.letters.len();
        let before = place.checked_sub(2).and_then(|before| self.letters.get(before)?.uid);
        let letter = self.letters.get_mut(place.wrapping_sub(1)).ok_or(format!("a FETCH of {place} among {count}"))?;
        if let Some(uid) = number(line, "UID ") {
            if letter.uid.is_some_and(|known| known != uid) || before.is_some_and(|before| before >= uid) {
                return Err(format!("place {place} is {letter:?} behind {before:?}"));
            }
            letter.uid = Some(uid);
        }
        if let Some(flags) = line.split("FLAGS (").nth(1).and_then(|flags| flags.split(')').next()) {
            letter.flags = Some(flag_set(flags));
        }
        if let Some(modseq) = number(line, "MODSEQ (") {
            if letter.modseq.is_some_and(|known| known > u64::from(modseq)) {
                return Err(format!("a MODSEQ goes back, of {letter:?}"));
            }
            letter.modseq = Some(modseq.into());
            self.highest = self.highest.max(modseq.into());
        }
        Ok(())
    }

    /// The places of a set, from 0, and those of letters of which it cannot be said.
    pub fn named(&self, set: &str, by_uid: bool) -> (Vec<usize>, Vec<usize>) {
        let last = if by_uid {
            self.letters.last().and_then(|letter| letter.uid)
        } else {
            u32::try_from(self.letters.len()).ok()
        };
        let known_end = last.is_some();
        let ranges: Vec<(u32, u32)> = set.split(',').map(|range| ends(range, last.unwrap_or(u32::MAX))).collect();
        let inside = |number: u32| ranges.iter().any(|(first, end)| (*first..=*end).contains(&number));
        let (mut sure, mut unsure) = (Vec::new(), Vec::new());
        for (at, letter) in self.letters.iter().enumerate() {
            match if by_uid { letter.uid } else { u32::try_from(at + 1).ok() } {
                Some(number) if inside(number) => sure.push(at),
                Some(_) if known_end || !set.contains('*') => {}
                _ => unsure.push(at),
            }
        }
        (sure, unsure)
    }

    /// UIDs and flags, once all of them are known.
    pub fn picture(&self) -> Vec<(Option<u32>, Option<Flags>)> {
        self.letters.iter().map(|letter| (letter.uid, letter.flags.clone())).collect()
    }
}

fn flag_set(flags: &str) -> Flags {
    let flags = flags.split(' ').filter(|flag| !flag.is_empty() && *flag != "\\Recent");
    flags.map(str::to_lowercase).collect()
}

/// The number behind these words.
pub fn number(line: &str, words: &str) -> Option<u32> {
    let rest = line.split(words).nth(1)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// `1:3,7`, each number.
pub fn numbers(set: &str) -> Vec<u32> {
    set.split(',')
        .flat_map(|range| {
            let (first, last) = ends(range, 0);
            first..=last
        })
        .collect()
}

fn ends(range: &str, star: u32) -> (u32, u32) {
    let one = |text: &str| if text == "*" { star } else { text.parse().unwrap_or_default() };
    let (first, last) = range.split_once(':').unwrap_or((range, range));
    let (first, last) = (one(first), one(last));
    (first.min(last), first.max(last))
}
