//! The page of arrangements: its configurations are those that the tests run, so that it stays true.

use std::path::Path;

/// One section of `docs/arrangements.md`, with its blocks of configuration.
pub struct Page {
    section: String,
}

impl Page {
    /// The section whose heading begins with `## NUMBER.` of the English page. The French one must show the same files.
    pub fn arrangement(number: usize) -> Self {
        let english = Self { section: section("arrangements.md", number) };
        let french = Self { section: section("agencements.md", number) };
        assert_eq!(english.blocks(), french.blocks(), "the two pages differ in arrangement {number}");
        english
    }

    /// The block whose first line is `# FILE`, without that line and with `replacements` made, each of which must occur.
    pub fn file(&self, file: &str, replacements: &[(&str, &str)]) -> String {
        let head = format!("# {file}");
        let blocks = self.blocks();
        let block = blocks.iter().find(|block| block.first().is_some_and(|line| *line == head));
        let block = block.unwrap_or_else(|| panic!("there is no block of {file} in\n{}", self.section));
        let mut text = block[1..].join("\n") + "\n";
        for (from, to) in replacements {
            assert!(text.contains(from), "{file} does not speak of {from}:\n{text}");
            text = text.replace(from, to);
        }
        text
    }

    /// Its blocks, by lines, without remarks (they are in the language of the page), but with the name of the file.
    fn blocks(&self) -> Vec<Vec<String>> {
        let mut blocks = Vec::new();
        let mut inside: Option<Vec<String>> = None;
        for line in self.section.lines() {
            match (&mut inside, line.starts_with("```")) {
                (None, true) => inside = Some(Vec::new()),
                (None, false) => {}
                (Some(_), true) => blocks.extend(inside.take()),
                (Some(block), false) => {
                    let remark = if block.is_empty() { None } else { line.find("  # ") };
                    block.push(line[..remark.unwrap_or(line.len())].trim_end().to_owned());
                }
            }
        }
        blocks
    }
}

fn section(page: &str, number: usize) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let head = format!("\n## {number}. ");
    let begin = text.find(&head).unwrap_or_else(|| panic!("{page} has no arrangement {number}")) + 1;
    let rest = &text[begin..];
    rest[..rest[1..].find("\n## ").map_or(rest.len(), |at| at + 1)].to_owned()
}
