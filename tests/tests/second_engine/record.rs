//! Reads the records that the tests before have written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A statement, with what its parameters were.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// `facteur`, or `search` for the index that can be thrown away.
    pub database: String,
    /// The statement, in one line.
    pub sql: String,
    /// A letter for each parameter: `i` a number, `t` a text, `b` bytes, `n` where it never had a value.
    pub kinds: String,
    /// The place of the statement in the source.
    pub from: String,
}

/// The kinds of the parameters of each statement, and where it stands.
type Known = BTreeMap<(String, String), (String, String)>;

/// The line at which the tests of each source begin.
#[derive(Default)]
struct Sources(BTreeMap<String, usize>);

impl Sources {
    /// Returns true if this place in a source, `path:line`, lies in its tests: the program does not run their
    /// statements.
    fn is_in_tests(&mut self, place: &str) -> bool {
        let Some((path, line)) = place.rsplit_once(':') else { return false };
        let begin = *self.0.entry(path.to_owned()).or_insert_with(|| tests_begin(path));
        line.parse::<usize>().is_ok_and(|line| line > begin)
    }
}

fn tests_begin(path: &str) -> usize {
    let text = std::fs::read_to_string(tests::root().join(path)).unwrap_or_default();
    text.lines().position(|line| line == "mod tests {").map_or(usize::MAX, |before| before + 1)
}

/// All that was written down.
#[derive(Default)]
pub struct Record {
    /// The steps that make the tables of each database, with the tokens of the store in them: by database, by room and
    /// number.
    pub schema: BTreeMap<(String, String), String>,
    /// Each statement once.
    pub statements: Vec<Statement>,
    /// Those that ran within the rows of another, and where they stand.
    pub nested: BTreeSet<String>,
    /// The rows that writes changed outside their key, and where.
    pub outside: BTreeSet<String>,
}

impl Record {
    /// Reads the folder that the tests have written to.
    pub fn read() -> Self {
        let folder = std::env::var_os("FACTEUR_STATEMENTS").map(PathBuf::from);
        let folder = folder.expect("FACTEUR_STATEMENTS names the folder of the statements");
        let mut record = Self::default();
        let (mut known, mut sources) = (BTreeMap::new(), Sources::default());
        for file in std::fs::read_dir(&folder).expect("the folder of the statements") {
            let text = std::fs::read_to_string(file.expect("an entry").path()).expect("statements");
            // A process that was killed may have left a piece of a line.
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            whole.lines().for_each(|line| record.take(line, &mut known, &mut sources));
        }
        let statement = |((database, sql), (kinds, from))| Statement { database, sql, kinds, from };
        record.statements = known.into_iter().map(statement).collect();
        record
    }

    fn take(&mut self, line: &str, known: &mut Known, sources: &mut Sources) {
        let parts: Vec<&str> = line.splitn(5, '\t').collect();
        let [what, database, kinds, from, sql] = parts[..] else { panic!("a line of another form: {line}") };
        let sql = plain(sql);
        if what == "schema" {
            self.schema.insert((database.to_owned(), kinds.to_owned()), sql);
            return;
        }
        if sources.is_in_tests(from) {
            return;
        }
        let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        if what == "outside" {
            self.outside.insert(format!("{from}: {sql}"));
            return;
        }
        if what == "nested" {
            self.nested.insert(format!("{from}: {sql}"));
        }
        let new = || (kinds.to_owned(), from.to_owned());
        let (merged, _) = known.entry((database.to_owned(), sql)).or_insert_with(new);
        *merged = merged.chars().zip(kinds.chars()).map(|(one, other)| if one == 'n' { other } else { one }).collect();
    }
}

fn plain(written: &str) -> String {
    let mut text = String::with_capacity(written.len());
    let mut chars = written.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                other => other.unwrap_or_default(),
            },
            c => c,
        });
    }
    text
}
