//! The promise that a bad record costs only itself, and that nothing panics, over arbitrary input.

use proptest::prelude::*;

use super::tests::{A, B, read};

/// What may stand next to a good record: no line breaks, or it would be two records.
fn junk() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,40}",
        Just("{\"type\":\"track\"".to_owned()),
        Just("{".to_owned()),
        Just("]".to_owned()),
        Just("[".to_owned()),
        Just("{\"batch\":[".to_owned()),
        Just("null".to_owned()),
        "\\PC{0,20}",
    ]
}

/// Junk that leaves the brackets around it balanced.
fn balanced_junk() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{}"),
        Just("nul"),
        Just("{\"type\":}"),
        Just("\"x,]\""),
        Just("[1,2"),
        Just("3")
    ]
    .prop_map(|text| if text == "[1,2" { "[1,2]".to_owned() } else { text.to_owned() })
}

proptest! {
    #[test]
    fn any_bytes_end_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }

    #[test]
    fn any_nested_text_ends_without_a_panic(text in "[\\[\\]{},:\"a\\\\ \n]{0,120}") {
        let _ = read(text.as_bytes());
    }

    #[test]
    fn good_lines_survive_any_neighbours(before in junk(), between in junk(), after in junk()) {
        let record = format!("{before}\n{A}\n{between}\n{B}\n{after}");
        let good: Vec<_> = read(record.as_bytes()).into_iter().filter_map(Result::ok)
            .map(|event| event.body.as_str().to_owned()).collect();
        prop_assert!(good.contains(&A.to_owned()) && good.contains(&B.to_owned()), "{}", record);
    }

    #[test]
    fn good_elements_survive_broken_neighbours(
        junk in proptest::collection::vec(balanced_junk(), 0..4), batch in any::<bool>(), at in 0usize..5,
    ) {
        let mut elements = junk.clone();
        elements.insert(at.min(junk.len()), A.to_owned());
        let list = format!("[{}]", elements.join(","));
        let record = if batch { format!("{{\"batch\":{list}}}") } else { list };
        let events = read(record.as_bytes());
        prop_assert!(events.iter().any(|event| event.as_ref().is_ok_and(|event| event.body.as_str() == A)), "{}", record);
        prop_assert_eq!(events.len(), junk.iter().filter(|j| *j != "[1,2]").count() + 1 + 2 * junk.iter().filter(|j| *j == "[1,2]").count());
    }
}
