//! Inputs of every kind against the cutting, in pieces of every size.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// The frames of `input`, pushed in pieces of the given sizes.
fn frames(input: &[u8], pieces: &[usize], from: Place, max_bytes: usize) -> Vec<Frame> {
    let mut cutter = Framer::new(from, max_bytes);
    let mut rest = input;
    let mut found = Vec::new();
    for size in pieces.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, more) = rest.split_at((*size).min(rest.len()));
        cutter.push(piece);
        found.extend(std::iter::from_fn(|| cutter.next_frame()));
        rest = more;
    }
    cutter.end();
    found.extend(std::iter::from_fn(|| cutter.next_frame()));
    found
}

fn texts(input: &str) -> Vec<(String, u64)> {
    let frames = frames(input.as_bytes(), &[1 << 16], Place::START, 1 << 10);
    frames
        .into_iter()
        .map(|frame| match frame.content {
            Content::Whole(bytes) => {
                (String::from_utf8(bytes.to_vec()).expect("test input is text"), frame.from.line)
            }
            Content::TooLong { bytes, .. } => (format!("<{bytes} bytes>"), frame.from.line),
        })
        .collect()
}

fn check(input: &str, expected: &[(&str, u64)]) {
    let expected: Vec<_> =
        expected.iter().map(|(text, line)| ((*text).to_owned(), *line)).collect();
    assert_eq!(texts(input), expected, "{input:?}");
}

#[test]
fn lines_end_with_either_newline_or_the_input_and_blank_ones_count() {
    check("", &[]);
    check(" \r\n\n", &[]);
    check(
        "{\"a\":1}\r\n\n  \n{\"b\":2}\nx\n{\"c\":3}",
        &[("{\"a\":1}", 1), ("{\"b\":2}", 4), ("x", 5), ("{\"c\":3}", 6)],
    );
    check("\u{feff}{\"a\":1}\n[1]\n", &[("{\"a\":1}", 1), ("[1]", 2)]);
}

#[test]
fn an_array_is_cut_into_its_elements() {
    check("[]", &[]);
    check(
        "\u{feff}\n[{\"a\":[1,\"]\"]}, {\"b\":{}},\n {\n\"c\":1}\n]\n",
        &[("{\"a\":[1,\"]\"]}", 2), ("{\"b\":{}}", 2), ("{\n\"c\":1}", 3)],
    );
    check("[{\"a\":1}]\n[{\"b\":1}]\n", &[("{\"a\":1}", 1), ("{\"b\":1}", 2)]);
    check("[1, \"x,]\", null]\n", &[("1", 1), ("\"x,]\"", 1), ("null", 1)]);
}

#[test]
fn a_broken_element_costs_no_other() {
    let good = [("{\"g\":1}", 2), ("{\"h\":[{}]}", 3)];
    for broken in
        ["{\"a\":{\"b\":1},", "{\"a\":\"x},", "{\"a\",", "{\"a\":1}},", "nonsense {", "\""]
    {
        let found = texts(&format!("[{broken}\n{{\"g\":1}},\n{{\"h\":[{{}}]}}\n]"));
        for (text, line) in good {
            assert!(found.contains(&(text.to_owned(), line)), "{broken}: {found:?}");
        }
    }
}

#[test]
fn objects_over_several_lines_are_joined_while_they_close() {
    check(
        "{\n  \"a\": {\n  }\n}\n{\n  \"b\": 1 }\n",
        &[("{\n  \"a\": {\n  }\n}", 1), ("{\n  \"b\": 1 }", 5)],
    );
    check("{\"a\":\n{\"b\":1}\n{\"c\":1}\n", &[("{\"a\":", 1), ("{\"b\":1}", 2), ("{\"c\":1}", 3)]);
    check("{\n\"a\"", &[("{", 1), ("\"a\"", 2)]);
}

#[test]
fn a_record_may_take_the_limit_and_no_more() {
    let most = "x".repeat(1 << 10);
    check(&format!("{most}\ny"), &[(&most, 1), ("y", 2)]);
    check(&format!("{most}x\ny"), &[("<1026 bytes>", 1), ("y", 2)]);
    let open = format!("{{\n{}", "\"a\": 1,\n".repeat(200));
    assert_eq!(texts(&open).len(), 201);
    check(&format!("[{{\"a\":\"{most}\"}},{{\"b\":1}}]"), &[("<1032 bytes>", 1), ("{\"b\":1}", 1)]);
}

/// Text with everything the framing looks at.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let part = select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\n",
        "\r\n",
        " ",
        "a",
        "{\"a\":1}",
        "\u{feff}",
    ]);
    (0..3_u8, vec(part, 0..60)).prop_map(|(start, parts)| {
        let start = ["", "[", "{"][usize::from(start)];
        [start.as_bytes(), parts.concat().as_bytes()].concat()
    })
}

fn good() -> impl Strategy<Value = String> {
    (0..1000_u32, any::<bool>()).prop_map(|(id, nested)| {
        if nested {
            format!("{{\"id\":{id},\"t\":[{{\"x\":\"}}{{\\\"\"}}]}}")
        } else {
            format!("{{\"id\":{id}}}")
        }
    })
}

fn line() -> impl Strategy<Value = (bool, String)> {
    let broken = (good(), any::<prop::sample::Index>())
        .prop_map(|(line, end)| line.chars().take(1 + end.index(line.len() - 1)).collect());
    let words = select(vec!["nonsense", "\"", "}", "{\"a\":1]", "\\", "null", "{\"a\":\"b"])
        .prop_map(str::to_owned);
    prop_oneof![
        good().prop_map(|line| (true, line)),
        prop_oneof![broken, words].prop_map(|line: String| (false, line)),
    ]
}

proptest! {
    #[test]
    fn the_pieces_an_input_comes_in_do_not_matter(input in soup(), pieces in vec(1..9_usize, 1..9), max in 1..40_usize) {
        let whole = frames(&input, &[usize::MAX], Place::START, max);
        prop_assert_eq!(frames(&input, &pieces, Place::START, max), whole);
    }

    #[test]
    fn no_byte_is_in_two_records_and_only_punctuation_in_none(input in soup()) {
        let mut at = 0;
        for frame in frames(&input, &[7], Place::START, 1 << 10) {
            prop_assert!(frame.from.offset >= at && frame.next.offset > frame.from.offset);
            let between = &input[usize::try_from(at).unwrap()..usize::try_from(frame.from.offset).unwrap()];
            let text = String::from_utf8_lossy(between);
            prop_assert!(text.trim_matches(['[', ']', ',', ' ', '\r', '\n', '\u{feff}']).is_empty(), "{}", text);
            at = frame.next.offset;
        }
    }

    #[test]
    fn reading_goes_on_after_any_record_as_if_it_had_never_stopped(input in soup(), max in 1..40_usize) {
        let whole = frames(&input, &[usize::MAX], Place::START, max);
        for (done, frame) in whole.iter().enumerate() {
            let rest = &input[usize::try_from(frame.next.offset).unwrap()..];
            prop_assert_eq!(&frames(rest, &[5], frame.next, max), &whole[done + 1..]);
        }
    }

    #[test]
    fn every_good_line_is_a_record_with_its_line_whatever_stands_beside_it(lines in vec(line(), 0..20)) {
        let text: String = lines.iter().flat_map(|(_, line)| [line.as_str(), "\n"]).collect();
        // A brace alone may well close the line before it: that is one object, and no good line is lost to it.
        let closed = lines.windows(2).any(|pair| !pair[0].0 && pair[1].1 == "}");
        prop_assume!(!closed && !lines.windows(3).any(|lines| lines[2].1 == "}"));
        let found = texts(&text);
        for (number, (_, line)) in (1..).zip(&lines).filter(|(_, (good, _))| *good) {
            prop_assert!(found.contains(&(line.clone(), number)), "{line} at {number} in {found:?}");
        }
    }

    #[test]
    fn memory_is_bounded_by_a_piece_and_a_record(input in soup(), max in 1..20_usize) {
        let mut framer = Framer::new(Place::START, max);
        for piece in input.chunks(4) {
            framer.push(piece);
            while framer.next_frame().is_some() {}
            prop_assert!(framer.buffer.len() <= max + 5, "{}", framer.buffer.len());
        }
    }
}

#[test]
fn what_breaks_off_for_now_is_left_and_what_is_whole_is_not() {
    for (input, whole, missing) in [
        ("1\n{\"a\":1}", 2, None),
        ("1\n{\"a\":", 1, Some("record 2")),
        ("{\"a\":", 0, Some("record 1")),
        ("{\n\"a\":1}", 1, None),
        ("{\n\"a\":1,\n", 0, Some("record 1")),
        ("1\n\u{feff}nonsense", 1, Some("record 2")),
        ("[1,\n2\n]", 2, None),
        ("[1,\n2\n", 2, Some("bracket")),
        ("[1,\n2", 1, Some("record 2")),
        ("[1,\n{\"a\":", 1, Some("record 2")),
        ("[", 0, Some("bracket")),
        ("", 0, None),
    ] {
        let mut framer = Framer::new(Place::START, 100);
        framer.push(input.as_bytes());
        let mut count = std::iter::from_fn(|| framer.next_frame()).count();
        framer.end_for_now();
        count += std::iter::from_fn(|| framer.next_frame()).count();
        let told = framer.missing().map(|missing| match missing {
            Missing::Record(place) => format!("record {}", place.line),
            Missing::Bracket => "bracket".to_owned(),
        });
        assert_eq!((count, told.as_deref()), (whole, missing), "{input:?}");
    }
}
