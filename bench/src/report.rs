//! Tables for people.

/// Prints a title and the figures under it, in columns.
pub fn table(title: &str, heads: &[&str], rows: &[Vec<String>]) {
    println!("\n{title}");
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([heads[column].chars().count()]).max().unwrap_or(0)
    };
    let line = |cells: &[String]| {
        let padded: Vec<String> =
            cells.iter().enumerate().map(|(i, cell)| format!("{cell:>width$}", width = width(i))).collect();
        println!("  {}", padded.join("  "));
    };
    line(&heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>());
    rows.iter().for_each(|row| line(row));
}

/// `theirs` in units of `ours`: how many times better we are where less is better.
pub fn times(theirs: f64, ours: f64) -> String {
    if ours > 0.0 { format!("{:.1}x", theirs / ours) } else { "-".into() }
}

/// The value below which `share` (0 to 1) of the sorted samples lie.
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(0.0)
}
