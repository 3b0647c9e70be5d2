//! Paragraphs, broken into lines.

const WIDTH: usize = 72;

/// Plain text in lines of [`WIDTH`] that end in CRLF.
#[derive(Default)]
pub struct Page {
    /// The text on the page so far.
    pub text: String,
}

impl Page {
    pub fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push_str("\r\n");
    }

    pub fn gap(&mut self) {
        self.line("");
    }

    pub fn paragraph(&mut self, indent: usize, text: &str) {
        self.wrapped(indent, text);
        self.gap();
    }

    /// Breaks at ordinary spaces only, so that a French colon stays with its word.
    pub fn wrapped(&mut self, indent: usize, text: &str) {
        for source in text.lines() {
            let mut line = String::new();
            for word in source.split(' ').filter(|word| !word.is_empty()) {
                if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > WIDTH {
                    self.line(&format!("{:indent$}{line}", ""));
                    line.clear();
                }
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
            self.line(format!("{:indent$}{line}", "").trim_end_matches(' '));
        }
    }
}
