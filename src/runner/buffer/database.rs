//! The store's tables and how they are opened, written and read: the only file that speaks redb.
//!
//! One row a block, keyed by the sequence of its first record, and one row for the ledger. Every commit is of two phases:
//! so a page that is damaged is told as such, and never taken for the trace of a crash and rolled back together with
//! records that were acknowledged. Opening verifies every page.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bytes::Bytes;
use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

const BLOCKS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("blocks");
const LEDGER: TableDefinition<'_, (), &[u8]> = TableDefinition::new("ledger");

/// What the store may keep in memory of itself: the pages of a few commits.
const CACHE_BYTES: usize = 16 << 20;

/// Why an operation failed. Whatever it was, the database has to be opened again before the next.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("another process has it open")]
    InUse,
    #[error("{0}")]
    Damaged(String),
}

/// A block as it is stored.
#[derive(Debug)]
pub(super) struct Row {
    /// The sequences it may hold: up to the next block's, or without end
    pub(super) range: Range<u64>,
    pub(super) bytes: Bytes,
}

/// What is found when it is opened.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The ledger as it was written
    pub(super) ledger: Option<Bytes>,
    /// The lengths of all blocks
    pub(super) lengths: Vec<usize>,
    /// The newest block
    pub(super) newest: Option<Bytes>,
}

/// One commit: all of it is on disk when it is done, or none.
#[derive(Debug)]
pub(super) struct Commit<'a> {
    /// What comes in, under its first sequence
    pub(super) block: Option<(u64, &'a [u8])>,
    /// What goes
    pub(super) removed: &'a [u64],
    pub(super) ledger: &'a [u8],
}

/// Opens the database in `file`, a new one where that is empty, and verifies it.
pub(super) fn open(file: File) -> Result<Database, Trouble> {
    contained(|| {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        builder.create_with_backend(FileBackend::new(file)?)
    })
}

/// What it holds.
pub(super) fn contents(database: &Database) -> Result<Found, Trouble> {
    contained(|| {
        let transaction = database.begin_read()?;
        let ledger = match transaction.open_table(LEDGER) {
            Ok(table) => table.get(())?.map(|row| Bytes::copy_from_slice(row.value())),
            Err(redb::TableError::TableDoesNotExist(_)) => None,
            Err(error) => return Err(redb::Error::from(error)),
        };
        let blocks = match transaction.open_table(BLOCKS) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => {
                return Ok(Found { ledger, ..Found::default() });
            }
            Err(error) => return Err(error.into()),
        };
        let lengths = blocks.iter()?.map(|row| row.map(|(_, block)| block.value().len()));
        let lengths = lengths.collect::<Result<_, _>>()?;
        let newest = blocks.last()?.map(|(_, block)| Bytes::copy_from_slice(block.value()));
        Ok(Found { ledger, lengths, newest })
    })
}

pub(super) fn commit(database: &Database, commit: &Commit<'_>) -> Result<(), Trouble> {
    contained(|| {
        let mut transaction = database.begin_write()?;
        transaction.set_two_phase_commit(true);
        {
            let mut blocks = transaction.open_table(BLOCKS)?;
            for first in commit.removed {
                blocks.remove(first)?;
            }
            if let Some((first, block)) = commit.block {
                blocks.insert(first, block)?;
            }
            transaction.open_table(LEDGER)?.insert((), commit.ledger)?;
        }
        transaction.commit()?;
        Ok::<_, redb::Error>(())
    })
}

/// The block that may hold `from`, or the first behind it, and more up to about `most` bytes.
pub(super) fn read(database: &Database, from: u64, most: usize) -> Result<Vec<Row>, Trouble> {
    contained(|| {
        let transaction = database.begin_read()?;
        let blocks = transaction.open_table(BLOCKS)?;
        let start = blocks.range(..=from)?.next_back().transpose()?;
        let start = start.map_or(from, |(first, _)| first.value());
        let (mut rows, mut bytes) = (Vec::<Row>::new(), 0);
        for row in blocks.range(start..)? {
            let (first, block) = row?;
            let first = first.value();
            if let Some(before) = rows.last_mut() {
                before.range.end = first;
            }
            if bytes >= most {
                break;
            }
            let block = Bytes::copy_from_slice(block.value());
            bytes = bytes.saturating_add(block.len());
            rows.push(Row { range: first..u64::MAX, bytes: block });
        }
        Ok::<_, redb::Error>(rows)
    })
}

/// Closes it, so that the next opening has nothing to repair.
pub(super) fn close(database: Database) -> Result<(), Trouble> {
    contained(|| database.close())
}

/// The library panics on some damage instead of telling it. What it was working on is dropped by then, and nothing of it is
/// used again.
fn contained<T, E: Into<redb::Error>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, Trouble> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| trouble(error.into())),
        Err(_) => Err(Trouble::Damaged("its pages contradict each other".to_owned())),
    }
}

fn trouble(error: redb::Error) -> Trouble {
    if let redb::Error::Io(error) = error {
        let is_damage =
            matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof);
        return if is_damage { Trouble::Damaged(error.to_string()) } else { Trouble::Io(error) };
    }
    if matches!(error, redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch) {
        return Trouble::InUse;
    }
    if matches!(error, redb::Error::PreviousIo | redb::Error::DatabaseClosed) {
        return Trouble::Io(io::Error::other(error.to_string()));
    }
    Trouble::Damaged(error.to_string())
}

impl Trouble {
    /// The same, told with the file it is about.
    pub(super) fn at(self, path: &Path) -> super::BufferError {
        let path = path.to_owned();
        match self {
            Self::Io(error) => super::BufferError::Io { path, error },
            Self::InUse => super::BufferError::InUse { path },
            Self::Damaged(problem) => super::BufferError::Damaged { path, problem },
        }
    }
}
