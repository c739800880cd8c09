//! Unpacking a body piece by piece, into no more than it may take.

use std::io::{self, Write};

use flate2::write::{MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use zstd::stream::raw::{DParameter, Decoder};
use zstd::stream::zio::Writer;

use super::answer::Refusal;

/// Security: a zstd frame may ask its reader for as much memory as it likes; this is what every encoder up to level 19
/// gets along with, and what RFC 9659 lets a content coding ask for: 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

/// A body on its way.
pub(super) enum Unpack {
    Plain(Capped),
    Gzip(MultiGzDecoder<Capped>),
    Deflate(ZlibDecoder<Capped>),
    Zstd(Box<Writer<Capped, Decoder<'static>>>),
}

/// What was unpacked. Security: at most `limit` bytes.
#[derive(Debug)]
pub(super) struct Capped {
    bytes: Vec<u8>,
    limit: usize,
    is_over: bool,
}

impl Unpack {
    /// By the encoding the headers name. One that is not known is not undone, as in RudderStack's gateway: what comes of it
    /// is not JSON.
    pub(super) fn new(headers: &HeaderMap, limit: usize) -> Self {
        let capped = Capped { bytes: Vec::new(), limit, is_over: false };
        let encoding = headers.get(CONTENT_ENCODING).map_or(&b""[..], |value| value.as_bytes());
        match encoding.trim_ascii().to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => Self::Gzip(MultiGzDecoder::new(capped)),
            b"deflate" => Self::Deflate(ZlibDecoder::new(capped)),
            b"zstd" => {
                let mut decoder =
                    Decoder::new().expect("a decoder without a dictionary needs memory only");
                decoder
                    .set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))
                    .expect("the limit is within what zstd allows");
                Self::Zstd(Box::new(Writer::new(capped, decoder)))
            }
            _ => Self::Plain(capped),
        }
    }

    /// Takes the next piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        let written = match self {
            Self::Plain(to) => to.write_all(piece),
            Self::Gzip(to) => to.write_all(piece),
            Self::Deflate(to) => to.write_all(piece),
            Self::Zstd(to) => to.write_all(piece),
        };
        written.map_err(|_| self.refusal())
    }

    /// How much has been unpacked.
    pub(super) fn len(&self) -> usize {
        self.capped().bytes.len()
    }

    /// All of it, if this was the end.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Refusal> {
        let finished = match &mut self {
            Self::Plain(_) => Ok(()),
            Self::Gzip(to) => to.try_finish(),
            Self::Deflate(to) => end_of_zlib(to),
            Self::Zstd(to) => to.finish(),
        };
        finished.map_err(|_| self.refusal())?;
        let capped = match &mut self {
            Self::Plain(to) => to,
            Self::Gzip(to) => to.get_mut(),
            Self::Deflate(to) => to.get_mut(),
            Self::Zstd(to) => to.writer_mut(),
        };
        Ok(std::mem::take(&mut capped.bytes))
    }

    fn capped(&self) -> &Capped {
        match self {
            Self::Plain(to) => to,
            Self::Gzip(to) => to.get_ref(),
            Self::Deflate(to) => to.get_ref(),
            Self::Zstd(to) => to.writer(),
        }
    }

    fn refusal(&self) -> Refusal {
        if self.capped().is_over { Refusal::TooLarge } else { Refusal::BrokenBody }
    }
}

/// Whether a zlib stream is whole: only then it takes no further byte.
fn end_of_zlib(decoder: &mut ZlibDecoder<Capped>) -> io::Result<()> {
    decoder.try_finish()?;
    match decoder.write(&[0])? {
        0 => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(bytes.len()) > self.limit {
            self.is_over = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use http::HeaderValue;

    use super::*;

    fn packed(encoding: &str, text: &[u8]) -> Vec<u8> {
        match encoding {
            "gzip" => {
                let mut to = GzEncoder::new(Vec::new(), Compression::default());
                to.write_all(text).unwrap();
                to.finish().unwrap()
            }
            "deflate" => {
                let mut to = ZlibEncoder::new(Vec::new(), Compression::default());
                to.write_all(text).unwrap();
                to.finish().unwrap()
            }
            "zstd" => zstd::encode_all(text, 3).unwrap(),
            _ => text.to_vec(),
        }
    }

    fn unpacked(encoding: &str, pieces: &[u8], size: usize) -> Result<Vec<u8>, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_str(encoding).unwrap());
        let mut unpack = Unpack::new(&headers, 1000);
        for piece in pieces.chunks(size) {
            unpack.push(piece)?;
            assert!(unpack.len() <= 1000);
        }
        unpack.finish()
    }

    #[test]
    fn what_was_packed_comes_out_however_it_is_cut() {
        let text: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for encoding in ["gzip", "deflate", "zstd", "", "identity"] {
            for size in [1, 7, 2000] {
                let packed = packed(encoding, &text);
                assert_eq!(unpacked(encoding, &packed, size).unwrap(), text, "{encoding}");
            }
        }
        let twice = [packed("gzip", b"a"), packed("gzip", b"b")].concat();
        assert_eq!(unpacked(" X-GZIP", &twice, 3).unwrap(), b"ab");
    }

    #[test]
    fn what_takes_too_much_is_too_large() {
        for encoding in ["gzip", "deflate", "zstd", ""] {
            for length in [1001, 1 << 20] {
                let packed = packed(encoding, &vec![b' '; length]);
                assert_eq!(unpacked(encoding, &packed, 100), Err(Refusal::TooLarge), "{encoding}");
            }
        }
    }

    #[test]
    fn what_breaks_off_or_is_no_such_thing_is_broken() {
        for encoding in ["gzip", "deflate", "zstd"] {
            let packed = packed(encoding, b"some text, and some more text");
            for length in 1..packed.len() {
                let torn = unpacked(encoding, &packed[..length], 5);
                assert_eq!(torn, Err(Refusal::BrokenBody), "{encoding} {length}");
            }
            assert_eq!(unpacked(encoding, b"{\"batch\":[]}", 5), Err(Refusal::BrokenBody));
            let behind = [&packed[..], b"{}"].concat();
            assert_eq!(unpacked(encoding, &behind, 5), Err(Refusal::BrokenBody), "{encoding}");
        }
        assert_eq!(unpacked("br", b"\x0b", 5).unwrap(), b"\x0b");
    }

    #[test]
    fn a_frame_that_asks_for_a_large_window_is_refused() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(&[7; 500]).unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(unpacked("zstd", &packed, 100), Err(Refusal::BrokenBody));
    }
}
