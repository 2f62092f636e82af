//! Tables for a terminal: columns as wide as their widest cell.

/// Space between two columns.
const GAP: &str = "  ";

/// Rows below a head, each cell padded but the last. Rows may end early.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&head).filter(|head| !head.is_empty()).chain(rows).collect();
    let columns = all.iter().map(|row| row.len()).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = all.iter().filter_map(|row| row.get(column));
        cells.map(|cell| shown(cell)).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let padding = width.saturating_sub(shown(cell));
            format!("{cell}{}", " ".repeat(padding))
        });
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    all.into_iter().map(line).collect()
}

/// Characters that take a place: isolates around a name that runs from right to left do not.
fn shown(cell: &str) -> usize {
    cell.chars().filter(|c| !super::names::is_bidi_control(*c)).count()
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        let rows = [row(&["Ana Alves", "1", "x"]), row(&["\u{2068}ב\u{2069}", "22"])];
        let wanted = ["WHO        N   T", "Ana Alves  1   x", "\u{2068}ב\u{2069}          22"];
        assert_eq!(table(&["WHO", "N", "T"], &rows), wanted);
        assert!(table(&[], &[]).is_empty());
    }
}
