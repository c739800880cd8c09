//! Whether what the page says can be read: the contrast of its colours in both schemes, as WCAG 2.2 reckons it (1.4.3 for
//! text, 1.4.11 for the edges of fields). Tests only.

use super::frame::STYLE;

type Colour = [f64; 3];

/// What the style calls a colour, in one of its schemes.
fn colour(scheme: &str, name: &str) -> Colour {
    let digits = scheme.split_once(&format!("--{name}: #")).map(|(_, rest)| rest);
    let digits = digits.and_then(|rest| rest.get(..6)).unwrap_or_else(|| panic!("no {name}"));
    let number = u32::from_str_radix(digits, 16).expect("a colour is hexadecimal");
    let [_, red, green, blue] = number.to_be_bytes();
    [red, green, blue].map(|part| f64::from(part) / 255.0)
}

/// The text of both schemes: what the dark one does not name stays as in the light one.
fn schemes() -> [(&'static str, String); 2] {
    let (light, dark) =
        STYLE.split_once("@media (prefers-color-scheme: dark)").expect("there are two");
    let (dark, _) = dark.split_once("}\n}").expect("it ends");
    [("light", light.to_owned()), ("dark", format!("{dark}{light}"))]
}

fn luminance(colour: Colour) -> f64 {
    let linear = |part: f64| {
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = colour.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The ground of a tag: 11 % of its own colour.
fn tinted(ground: Colour, tint: Colour) -> Colour {
    [0, 1, 2].map(|at| 0.89 * ground[at] + 0.11 * tint[at])
}

#[test]
fn all_text_stands_out_from_its_ground_in_both_schemes() {
    for (scheme, style) in schemes() {
        let colour = |name: &str| colour(&style, name);
        let readable = |text: &str, ground: Colour, on: &str| {
            let found = contrast(colour(text), ground);
            assert!(found >= 4.5, "{scheme}: {text} on {on} has {found:.2}");
        };
        for ground in ["paper", "card", "hover"] {
            let texts = ["ink", "soft", "accent", "identify", "track", "good", "warn", "bad"];
            for text in texts {
                readable(text, colour(ground), ground);
            }
            for tag in ["identify", "track", "group", "other"] {
                readable(tag, tinted(colour(ground), colour(tag)), ground);
            }
        }
        for text in ["ink", "soft", "accent", "bad"] {
            readable(text, colour("glow"), "glow");
        }
        readable("accent-ink", colour("accent"), "accent");
    }
}

#[test]
fn fields_stand_out_from_what_is_around_them() {
    for (scheme, style) in schemes() {
        for (edge, ground) in [("edge", "card"), ("edge", "paper"), ("accent", "paper")] {
            let found = contrast(colour(&style, edge), colour(&style, ground));
            assert!(found >= 3.0, "{scheme}: {edge} on {ground} has {found:.2}");
        }
    }
}
