//! What each command says, word by word: `transcripts/*.trycmd`. After a change that is meant, read the difference that
//! `TRYCMD=overwrite cargo test --test cli transcripts` makes.

#[test]
fn every_command_says_what_its_transcript_says() {
    let cases = trycmd::TestCases::new();
    cases.default_bin_path(env!("CARGO_BIN_EXE_courier-sink"));
    cases.register_bin("courier-sink", std::path::Path::new(env!("CARGO_BIN_EXE_courier-sink")));
    // The environment of whoever runs the tests is not what is tested.
    for name in ["http_proxy", "https_proxy", "no_proxy", "RUST_LOG", "RUST_BACKTRACE", "COLUMNS"] {
        cases.env(name, "").env(name.to_ascii_uppercase(), "");
    }
    cases.env("RUST_BACKTRACE", "0");
    cases.case("tests/cli/transcripts/*.trycmd");
}
