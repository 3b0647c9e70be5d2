//! Tables on a terminal, and the same as JSON.

use serde::Serialize;

/// A table: a title for each column, and rows of as many cells.
pub struct Table {
    titles: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<const N: usize>(titles: [String; N]) -> Self {
        Self { titles: titles.into(), rows: Vec::new() }
    }

    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| cell.chars().filter(|c| !c.is_control()).collect()).into());
    }

    /// The columns as wide as their widest cell, two blanks between them, no blanks at the end of a line.
    pub fn show(&self) -> String {
        let lines = || std::iter::once(&self.titles).chain(&self.rows);
        let width = |column: usize| lines().map(|line| line.get(column).map_or(0, |c| c.chars().count())).max();
        let widths: Vec<usize> = (0..self.titles.len()).map(|column| width(column).unwrap_or(0)).collect();
        lines().map(|line| show_line(line, &widths)).collect()
    }
}

fn show_line(cells: &[String], widths: &[usize]) -> String {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
    format!("{}\n", padded.join("  ").trim_end())
}

/// Something as JSON, for scripts.
pub fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_a_table_stand_below_each_other() {
        let mut table = Table::new(["address".into(), "name".into()]);
        table.row(["josé@alpha.test".into(), "José".into()]);
        table.row(["a@b.test".into(), String::new()]);
        assert_eq!(table.show(), "address          name\njosé@alpha.test  José\na@b.test\n");
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let mut table = Table::new(["name".into()]);
        table.row(["\u{1b}[31mred".into()]);
        assert_eq!(table.show(), "name\n[31mred\n");
    }
}
