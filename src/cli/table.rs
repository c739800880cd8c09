//! Rows of text as an aligned table.

/// One line a row; no column is wider than it must be, and none ends in spaces.
pub(super) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<_> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// So many of a thing whose name takes an `s` when there are several.
pub(super) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Text from elsewhere on one line: what could move the cursor, fake a line or turn the text around is replaced.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|letter| if disturbs(letter) { '\u{fffd}' } else { letter }).collect()
}

/// Security: whether a letter does something to what stands around it on a terminal: control characters, line and paragraph
/// separators, and those of Unicode's bidirectional algorithm, which show a text in another order than it has.
pub(super) fn disturbs(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let rows = [row(["a", "bb", "c"]), row(["aä", "b", ""])];
        assert_eq!(table(&rows), "a   bb  c\naä  b");
        assert_eq!(plain("a\u{1b}[2J\nb"), "a\u{fffd}[2J\u{fffd}b");
    }

    #[test]
    fn what_disturbs_a_terminal_is_replaced_and_languages_are_not() {
        for letter in ['\0', '\u{7f}', '\u{9b}', '\u{200f}', '\u{202e}', '\u{2029}', '\u{2067}'] {
            assert_eq!(plain(&format!("a{letter}b")), "a\u{fffd}b", "{letter:?}");
        }
        // Hebrew, and a family that is joined of three.
        let text = "שלום 👩\u{200d}👩\u{200d}👦 ñ";
        assert_eq!(plain(text), text);
    }
}
