//! A file as a reader of its content: opened, unpacked by its extension, counted, and put to where reading starts.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::Progress;
use super::framing::{HEAD_BYTES, TAIL_BYTES};
use flate2::bufread;
use flate2::read::MultiGzDecoder;

/// The content of a file from some offset on.
pub(super) type Content = Box<dyn Read + Send>;

/// Opens the file at `path` at `offset` bytes of its content. `None` where the content is shorter. What is read counts
/// as progress. Blocks on the disk.
pub(super) fn open(
    path: &Path,
    offset: u64,
    progress: &Arc<Progress>,
) -> io::Result<Option<Content>> {
    let mut file = File::open(path)?;
    let counted = |file| Counted { file: BufReader::new(file), progress: Arc::clone(progress) };
    if is_gzip(path) {
        let mut content = bufread::MultiGzDecoder::new(counted(file));
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

/// How long the content of the file is. An error where it breaks off. Blocks on the disk.
pub(super) fn length(path: &Path) -> io::Result<u64> {
    if is_gzip(path) {
        let content = MultiGzDecoder::new(BufReader::new(File::open(path)?));
        return io::copy(&mut { content }, &mut io::sink());
    }
    Ok(path.metadata()?.len())
}

/// The start of the file's content, as much of it as a mark covers. The same content has the same start packed and
/// unpacked. Blocks on the disk.
pub(super) fn head(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let content: Content = if is_gzip(path) {
        Box::new(MultiGzDecoder::new(BufReader::new(file)))
    } else {
        Box::new(file)
    };
    read_up_to(content, HEAD_BYTES)
}

/// What the file's content holds before `offset`, as much of it as a mark covers. `None` where it is shorter than
/// `offset`, or breaks off before. Blocks on the disk.
pub(super) fn tail(path: &Path, offset: u64) -> io::Result<Option<Vec<u8>>> {
    let length = usize::try_from(offset).map_or(TAIL_BYTES, |offset| offset.min(TAIL_BYTES));
    let before = offset - u64::try_from(length).unwrap_or(offset);
    let read = open(path, before, &Arc::default()).and_then(|content| match content {
        Some(content) => read_up_to(content, length).map(Some),
        None => Ok(None),
    });
    match read {
        Ok(tail) => Ok(tail.filter(|tail| tail.len() == length)),
        // It breaks off before.
        Err(_) if is_gzip(path) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is there, even if it breaks off: whoever reads it all runs into that, and tells.
fn read_up_to(content: Content, bytes: usize) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    match content.take(u64::try_from(bytes).unwrap_or(u64::MAX)).read_to_end(&mut read) {
        Err(error) if read.is_empty() => Err(error),
        Ok(_) | Err(_) => Ok(read),
    }
}

/// Whether the file is packed, by its extension.
pub(super) fn is_gzip(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

/// A file whose bytes count as they are taken, not as they are read ahead: unpacked they may be many times as many.
struct Counted {
    file: BufReader<File>,
    progress: Arc<Progress>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.progress.advance(u64::try_from(read).unwrap_or(0));
        Ok(read)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }

    fn consume(&mut self, taken: usize) {
        self.file.consume(taken);
        self.progress.advance(u64::try_from(taken).unwrap_or(0));
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
        assert_eq!(head(&plain).unwrap(), head(&packed).unwrap());
        for path in [&plain, &packed] {
            assert_eq!(tail(path, 6).unwrap().unwrap(), b"one\ntw");
            assert_eq!(tail(path, 9).unwrap(), None);
        }
    }

    #[test]
    fn start_and_end_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, [&[1; 5000][..], &[2; 5000]].concat()).unwrap();
        assert_eq!(head(&path).unwrap(), [1; 1024]);
        assert_eq!(tail(&path, 9096).unwrap().unwrap(), [&[1; 0][..], &[2; 4096]].concat());
    }
}
