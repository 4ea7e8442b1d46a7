//! Plain-text tables for people.

/// Rows under headings, columns as wide as they need; the last one is not padded.
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings. One that begins with `>` aligns its column to the right.
    pub fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Appends the table to `out`, each line indented by two blanks.
    pub fn write(&self, out: &mut String) {
        let heads: Vec<String> = self
            .headings
            .iter()
            .map(|h| h.trim_start_matches('>').to_string())
            .collect();
        let width = |column: usize| {
            let cell = |row: &Vec<String>| row.get(column).map_or(0, |c| c.chars().count());
            self.rows
                .iter()
                .map(cell)
                .chain([cell(&heads)])
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        for row in core::iter::once(&heads).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, width), heading) in row.iter().zip(&widths).zip(&self.headings) {
                let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
                line.push_str("  ");
                if heading.starts_with('>') {
                    line.push_str(&pad);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&pad);
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

/// Bytes for people, in the largest unit that leaves at least 10: `16384 B`, `512 KiB`, `31 MiB`.
pub fn bytes(count: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count;
    let mut unit = 0usize;
    while value >= 10 * 1024 && unit.saturating_add(1) < units.len() {
        value /= 1024;
        unit = unit.saturating_add(1);
    }
    format!("{value} {}", units.get(unit).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_need() {
        let mut table = Table::new(&["name", ">used", "what"]);
        table.row(vec!["Größe".into(), "5".into(), "x".into()]);
        table.row(vec!["a".into(), "12345".into(), String::new()]);
        let mut out = String::new();
        table.write(&mut out);
        assert_eq!(
            out,
            "  name    used  what\n  Größe      5  x\n  a      12345\n"
        );
    }

    #[test]
    fn bytes_keep_two_digits() {
        let table = [
            (0, "0 B"),
            (10_239, "10239 B"),
            (10_240, "10 KiB"),
            (33_554_432, "32 MiB"),
            (u64::MAX, "16777215 TiB"),
        ];
        for (count, want) in table {
            assert_eq!(bytes(count), want);
        }
    }
}
