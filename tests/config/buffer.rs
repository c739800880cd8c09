//! `buffer`: in memory or on disk.

use courier_sink::config::{Config, CourierConfig, WhenFull};
use courier_sink::sink::Buffer;

use crate::{BEFORE, wrong};

fn nothing(_: &str) -> Option<String> {
    None
}

#[test]
fn a_buffer_on_disk_has_its_own_size_and_the_window_keeps_its_default() {
    let options = "buffer = { type = \"disk\", max_size = 16777216, max_events = 9 }";
    let text = format!("{BEFORE}{options}\n");
    let config = Config::parse(&text, "config.toml", &nothing).expect(options);
    let courier = &config.sinks["out"].courier;
    assert_eq!(courier.settings.buffer.max_events.get(), 9);
    assert_eq!(courier.settings.buffer.max_size, Buffer::default().max_size);
    let buffer = courier.disk_buffer.unwrap();
    assert_eq!((buffer.max_size.get(), buffer.when_full), (16 << 20, WhenFull::Block));
}

#[test]
fn a_buffer_on_disk_has_a_size_and_only_it_drops_anything() {
    wrong(
        "buffer.type = \"disk\"",
        &[
            "8:1: sinks.out.buffer.max_size: is missing, set it to the bytes that may be used on disk, \
             at least 16777216",
        ],
    );
    wrong(
        "buffer = { type = \"disk\", max_size = 16777215, when_full = \"drop_oldest\" }",
        &[
            "8:27: sinks.out.buffer.max_size: must be at least 16777216, was 16777215",
            "8:48: sinks.out.buffer.when_full: expected `block` or `drop_newest`, was the string \
             \"drop_oldest\", did you mean `drop_newest`?",
        ],
    );
    wrong(
        "buffer = { type = \"dsik\", when_full = \"drop_newest\" }",
        &[
            "8:12: sinks.out.buffer.type: expected `memory` or `disk`, was the string \"dsik\", did you mean `disk`?",
            "8:27: sinks.out.buffer.when_full: does nothing with `type = \"memory\"`, set `type = \"disk\"`",
        ],
    );
}

#[test]
fn a_buffer_on_disk_is_not_an_embedders() {
    let block = "api_key = 'k'\nbuffer = { type = 'disk', max_size = 16777216 }";
    let mistakes = CourierConfig::from_toml("out", block, &nothing);
    assert_eq!(
        mistakes.unwrap_err().to_string(),
        "out:2:12: buffer.type: `disk` is a buffer of the program, not of the library, remove it, and keep what is not \
         Delivered or Rejected yourself"
    );
    let block = "api_key = 'k'\nbuffer = { type = 'memory', when_full = 'block' }";
    let courier = CourierConfig::from_toml("out", block, &nothing).expect(block);
    assert_eq!(courier.disk_buffer, None);
}
