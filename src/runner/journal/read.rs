//! One event's life, out of a journal that may be written to meanwhile.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::line::Line;
use super::older;

/// What a journal holds of one event, in order.
pub type Life = Vec<Line>;

/// Security: a line is never longer; of what is, nothing is a note.
const MAX_LINE_BYTES: u64 = 64 << 10;

/// What the journal at `path` holds of the event with that id. Where `path` is a copy of one file, that file is all there
/// is. Blocks on the disk.
pub fn find(path: &Path, message_id: &str) -> io::Result<Life> {
    let mut life = Vec::new();
    match File::open(older(path)) {
        Ok(file) => read(file, message_id, &mut life)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    read(File::open(path)?, message_id, &mut life)?;
    Ok(life)
}

fn read(file: File, message_id: &str, found: &mut Life) -> io::Result<()> {
    let mut file = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        if file.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        // What is half written, or no note, is passed over.
        if let Ok(noted) = serde_json::from_slice::<Line>(&line)
            && noted.message_id == message_id
        {
            found.push(noted);
        }
    }
}
