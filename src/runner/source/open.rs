//! A file as a reader of its content: opened, unpacked by its extension, counted, and put to where reading starts.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::Progress;

/// The content of a file from some offset on.
pub(super) type Content = Box<dyn Read + Send>;

/// How much of the first line tells a file apart. Security: a file without line ends must not be read twice whole.
const FINGERPRINT_BYTES: u64 = 64 << 10;

/// Opens the file at `path` at `offset` bytes of its content. `None` where the content is shorter. What is read counts
/// as progress. Blocks on the disk.
pub(super) fn open(
    path: &Path,
    offset: u64,
    progress: &Arc<Progress>,
) -> io::Result<Option<Content>> {
    let mut file = File::open(path)?;
    let counted = |file| Counted { file, progress: Arc::clone(progress) };
    if is_gzip(path) {
        let mut content = MultiGzDecoder::new(BufReader::new(counted(file)));
        let skipped = io::copy(&mut content.by_ref().take(offset), &mut io::sink())?;
        let content: Content = Box::new(content);
        return Ok((skipped == offset).then_some(content));
    }
    let length = file.metadata()?.len();
    if length < offset {
        return Ok(None);
    }
    if offset > 0 {
        file.seek(SeekFrom::Start(offset))?;
        progress.advance(offset);
    }
    Ok(Some(Box::new(counted(file))))
}

/// A hash of the first line of the file's content, or of its first 64 KiB; `None` for an empty file. The same content
/// has the same fingerprint packed and unpacked, under any name. Blocks on the disk.
pub(super) fn fingerprint(path: &Path) -> io::Result<Option<u128>> {
    let file = File::open(path)?;
    let content: Content = if is_gzip(path) {
        Box::new(MultiGzDecoder::new(BufReader::new(file)))
    } else {
        Box::new(file)
    };
    let mut start = Vec::new();
    let mut content = BufReader::new(content).take(FINGERPRINT_BYTES);
    io::BufRead::read_until(&mut content, b'\n', &mut start)?;
    Ok((!start.is_empty()).then(|| hash(&[&start])))
}

/// Another fingerprint, for one of several files that begin with the same line.
pub(super) fn with_path(fingerprint: u128, path: &Path) -> u128 {
    hash(&[&fingerprint.to_be_bytes(), path.as_os_str().as_encoded_bytes()])
}

fn hash(parts: &[&[u8]]) -> u128 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let digest = hash.finalize();
    let half = digest.first_chunk::<16>();
    u128::from_be_bytes(*half.expect("SHA-256 gives 32 bytes"))
}

fn is_gzip(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

/// A file whose bytes count as they are read.
struct Counted {
    file: File,
    progress: Arc<Progress>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.progress.advance(u64::try_from(read).unwrap_or(0));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn zip(text: &str) -> Vec<u8> {
        let mut zip = GzEncoder::new(Vec::new(), Compression::default());
        zip.write_all(text.as_bytes()).unwrap();
        zip.finish().unwrap()
    }

    #[test]
    fn content_is_the_same_packed_and_unpacked_and_starts_where_asked() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, packed) = (folder.path().join("a"), folder.path().join("a.GZ"));
        std::fs::write(&plain, "one\ntwo\n").unwrap();
        std::fs::write(&packed, [zip("one\nt"), zip("wo\n")].concat()).unwrap();
        let progress = Arc::new(Progress::default());
        for path in [&plain, &packed] {
            let mut text = String::new();
            let mut content = open(path, 4, &progress).unwrap().unwrap();
            content.read_to_string(&mut text).unwrap();
            assert_eq!(text, "two\n");
            assert!(open(path, 9, &progress).unwrap().is_none());
            assert!(open(path, 8, &progress).unwrap().is_some());
        }
        assert_eq!(fingerprint(&plain).unwrap(), fingerprint(&packed).unwrap());
    }

    #[test]
    fn the_first_line_tells_files_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let print = |text: &str| {
            std::fs::write(&path, text).unwrap();
            fingerprint(&path).unwrap()
        };
        assert_eq!(print("one\ntwo\n"), print("one\nthree\n"));
        assert_ne!(print("one\n"), print("two\n"));
        assert_eq!(print(""), None);
    }
}
