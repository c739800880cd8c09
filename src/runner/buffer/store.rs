//! One buffer on disk: opened, repaired where it is damaged, and opened again after every failure.
//!
//! In: blocks, what goes, the ledger. Out: blocks, in their order. It knows bytes and sequences, and not who reads or
//! writes; nothing here waits but for the disk.

use redb::Database;

use super::BufferError;
use super::database::{self, Commit, Found, Row, Trouble};
use super::frame::{self, Content, Id};
use super::ledger::Ledger;
use super::limits::cost;
use super::place::{Lock, Place, private};
use super::salvage::{self, Lost};
use crate::clock::Time;

/// An open buffer. Nobody else has it.
#[derive(Debug)]
pub(super) struct Store {
    place: Place,
    id: Id,
    /// Nothing after a failure, until the next operation opens it again
    database: Option<Database>,
    _lock: Lock,
}

/// What it holds when it is opened.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) ledger: Ledger,
    /// The number of the last commit
    pub(super) commit: u64,
    /// What its blocks take on disk
    pub(super) used: u64,
    /// When the newest of them was written
    pub(super) newest: Option<Time>,
    /// What was lost, where it was found damaged
    pub(super) lost: Option<Lost>,
}

impl Store {
    /// Opens the buffer at `place`, or makes one whose id is `draw`. Salvages what is damaged. Blocks on the disk.
    pub(super) fn open(place: Place, draw: u64) -> Result<(Self, Contents), BufferError> {
        let mut lock = place.lock()?;
        let path = place.store();
        salvage::finish(&place).map_err(BufferError::io(&path))?;
        let noted = lock.id().map_err(BufferError::io(&place.lock_file()))?;
        let mut lost = None;
        let opened = match open(&place, noted) {
            Err(Trouble::Damaged(problem)) => {
                // Where the id is gone as well, nothing of it can be found.
                lost = Some(salvage::salvage(&place, noted.unwrap_or(Id(draw)), &problem)?);
                open(&place, noted)
            }
            opened => opened,
        };
        let (database, (ledger, used)) = opened.map_err(|trouble| trouble.at(&path))?;
        // What its frames say counts; the lock's file may be another's.
        let id = ledger.as_ref().map(|it| it.id).or(noted).unwrap_or(Id(draw));
        if noted != Some(id) {
            lock.note(id).map_err(BufferError::io(&place.lock_file()))?;
        }
        place.sync().map_err(BufferError::io(&path))?;
        let (ledger, commit, newest) = ledger.map_or((Ledger::starting_at(1), 0, None), |noted| {
            (noted.ledger, noted.commit, noted.newest)
        });
        let store = Self { place, id, database: Some(database), _lock: lock };
        Ok((store, Contents { ledger, commit, used, newest, lost }))
    }

    pub(super) const fn id(&self) -> Id {
        self.id
    }

    pub(super) const fn place(&self) -> &Place {
        &self.place
    }

    /// Does all of `commit` or nothing. Blocks on the disk.
    pub(super) fn commit(&mut self, commit: &Commit<'_>) -> Result<(), Trouble> {
        self.with(|database| database::commit(database, commit))
    }

    /// The block that may hold `from`, or the first behind it, and more up to about `most` bytes. Blocks on the disk.
    pub(super) fn read(&mut self, from: u64, most: usize) -> Result<Vec<Row>, Trouble> {
        self.with(|database| database::read(database, from, most))
    }

    /// Forgets everything: an empty file may fit where one that has grown cannot even be written to. To be called only
    /// when nothing in it is left. Blocks on the disk.
    pub(super) fn restart(&mut self) -> Result<(), Trouble> {
        self.database = None;
        std::fs::remove_file(self.place.store())?;
        self.with(|_| Ok(()))
    }

    /// Closes it. Blocks on the disk.
    pub(super) fn close(mut self) -> Result<(), Trouble> {
        self.database.take().map_or(Ok(()), database::close)
    }

    fn with<T>(
        &mut self,
        work: impl FnOnce(&Database) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let database = match self.database.take() {
            Some(database) => database,
            None => {
                let file = private().create(true).truncate(false).open(self.place.store())?;
                let database = database::open(file)?;
                self.place.sync()?;
                database
            }
        };
        let result = work(&database);
        if result.is_ok() {
            self.database = Some(database);
        }
        result
    }
}

/// A ledger as it was found.
struct Noted {
    ledger: Ledger,
    commit: u64,
    newest: Option<Time>,
    id: Id,
}

/// Opens the store and reads what it holds. One whose id is known has been there before.
fn open(place: &Place, known: Option<Id>) -> Result<(Database, (Option<Noted>, u64)), Trouble> {
    let is_cut_off = known.is_some() && place.store().metadata().is_ok_and(|it| it.len() == 0);
    if is_cut_off {
        // A restart that was killed leaves the same: better told once too often than not at all.
        return Err(Trouble::Damaged("its file is empty".to_owned()));
    }
    let file = private().create(true).truncate(false).open(place.store())?;
    let database = database::open(file)?;
    let Found { ledger, lengths, newest } = database::contents(&database)?;
    let used = lengths.iter().map(|length| cost(*length)).sum();
    let damaged = || Trouble::Damaged("its ledger is damaged".to_owned());
    let noted = match ledger {
        None if lengths.is_empty() => None,
        None => return Err(damaged()),
        Some(bytes) => {
            let id = frame::id(&bytes).ok_or_else(damaged)?;
            let (header, content) = frame::content(id, &bytes).ok_or_else(damaged)?;
            let Content::Ledger(content) = content else { return Err(damaged()) };
            let ledger = Ledger::read(&content).ok_or_else(damaged)?;
            let newest = newest.and_then(|block| Some(frame::header(id, &block)?.at));
            Some(Noted { ledger, commit: header.sequence, newest, id })
        }
    };
    Ok((database, (noted, used)))
}
