//! A small chart of numbers over time, as SVG without a script. Pure.

use std::fmt::Write as _;

use maud::{Markup, html};

/// Its height in units of its own view box; each number is one unit wide.
const HEIGHT: u64 = 24;

/// Bars for `numbers`, the oldest first, under a label that says what they are.
pub(super) fn bars(numbers: &[u64], label: &str) -> Markup {
    let most = numbers.iter().copied().max().unwrap_or_default().max(1);
    let mut path = String::new();
    for (at, number) in numbers.iter().enumerate().filter(|(_, number)| **number > 0) {
        // A bar is seen even where it is next to nothing beside the tallest.
        let height = (number.saturating_mul(HEIGHT) / most).max(1);
        write!(path, "M{at} {HEIGHT}v-{height}h.72v{height}z").expect("a String takes every write");
    }
    html! {
        svg.bars viewBox=(format!("0 0 {} {HEIGHT}", numbers.len())) preserveAspectRatio="none"
            role="img" aria-label=(label) {
            path d=(path) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tallest_bar_fills_the_chart_and_nothing_has_none() {
        let svg = bars(&[0, 1, 1000], "x").into_string();
        assert!(svg.contains("M1 24v-1h") && svg.contains("M2 24v-24h"), "{svg}");
        assert!(!svg.contains("M0 "), "{svg}");
    }
}
