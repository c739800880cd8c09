//! A store that is damaged is set aside, and another made of what is whole in it.
//!
//! In: the place of a buffer nobody else uses. Out: a new store under the same name, the old one beside it as
//! `buffer.corrupt-N`, and what could not be kept. The new one is complete before anything is renamed, and a kill at any moment leaves one of the two.

use std::fs::File;
use std::io;
use std::path::Path;

use super::BufferError;
use super::database::{self, Commit};
use super::frame::{self, Content, Id};
use super::ledger::Ledger;
use super::limits::{BLOCK_BYTES, BLOCK_RECORDS};
use super::place::{Place, private};
use super::survey::{Spot, Survey};

/// Records that could not be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) records: u64,
    /// Whether there may be more: without a ledger nobody knows how many there were
    pub(super) is_uncounted: bool,
}

/// Salvages the buffer at `place`, whose store has a `problem`; tells what is lost. Blocks on the disk.
pub(super) fn salvage(place: &Place, id: Id, problem: &str) -> Result<Lost, BufferError> {
    let path = place.store();
    let file = File::open(&path).map_err(BufferError::io(&path))?;
    let look = file.try_clone().map_err(BufferError::io(&path))?;
    let survey = Survey::of(look, id).map_err(BufferError::io(&path))?;
    let kept = rebuild(place, id, file, &survey)?;
    let aside = place.aside();
    let lost = Lost { records: survey.lost, is_uncounted: survey.ledger.is_none() };
    // Before it is done: whoever goes on after a kill between the renames knows no number any more.
    tell(&path, &aside, problem, kept, lost);
    for spot in &survey.damaged {
        tracing::error!(
            path = %aside.display(),
            record = spot.header.sequence,
            offset = spot.offset,
            "a record of the buffer is damaged and lost"
        );
    }
    std::fs::rename(&path, &aside).map_err(BufferError::io(&aside))?;
    take_place(place).map_err(BufferError::io(&path))?;
    Ok(lost)
}

fn tell(path: &Path, aside: &Path, problem: &str, kept: u64, lost: Lost) {
    let (path, aside) = (path.display(), aside.display());
    if lost.is_uncounted {
        tracing::error!(
            %path, %aside, problem, kept,
            "the buffer is damaged: it is set aside, and every record that is whole is kept; its ledger is gone, so nobody \
             knows how many are lost, and some that were delivered before are delivered again"
        );
    } else {
        tracing::error!(
            %path, %aside, problem, kept, lost = lost.records,
            "the buffer is damaged: it is set aside, and every record that is whole is kept"
        );
    }
}

/// Ends a salvage that was interrupted between its renames, or forgets one that did not get that far.
pub(super) fn finish(place: &Place) -> io::Result<()> {
    let salvaged = place.salvaged();
    if !salvaged.exists() {
        return Ok(());
    }
    if place.store().exists() { std::fs::remove_file(salvaged) } else { take_place(place) }
}

fn take_place(place: &Place) -> io::Result<()> {
    std::fs::rename(place.salvaged(), place.store())?;
    place.sync()
}

/// Makes the new store; tells how many records are in it.
fn rebuild(place: &Place, id: Id, mut file: File, survey: &Survey) -> Result<u64, BufferError> {
    let path = place.salvaged();
    let new = private().create(true).truncate(true).open(&path).map_err(BufferError::io(&path))?;
    let store = database::open(new).map_err(|trouble| trouble.at(&path))?;
    let mut ledger = Ledger::starting_at(survey.next());
    let mut commit = 0;
    let mut spots = survey.whole.iter().peekable();
    while spots.peek().is_some() {
        let first = ledger.next();
        let (mut block, mut count) = (Vec::new(), 0);
        while let Some(spot) = spots.next_if(|_| block.len() < BLOCK_BYTES && count < BLOCK_RECORDS)
        {
            let content = spot.read(&mut file, id).map_err(BufferError::io(&place.store()))?;
            if let Some(Content::Record { payload, origin }) = content {
                let sequence = ledger.next();
                frame::write_record(&mut block, id, sequence, spot.header.at, (&payload, &origin));
                ledger.append(1);
                if let Some(before) = &survey.ledger {
                    ledger.know(sequence, before.done(spot.header.sequence));
                }
                count += 1;
            }
        }
        commit += 1;
        let ledger = frame::ledger(id, commit, newest(survey), |out| ledger.write(0, out));
        let commit = Commit { block: Some((first, &block)), removed: &[], ledger: &ledger };
        database::commit(&store, &commit).map_err(|trouble| trouble.at(&path))?;
    }
    database::close(store).map_err(|trouble| trouble.at(&path))?;
    Ok(ledger.left())
}

fn newest(survey: &Survey) -> crate::clock::Time {
    let time = |spot: &Spot| spot.header.at;
    let epoch = crate::clock::Time::from_epoch(std::time::Duration::ZERO);
    survey.whole.last().map_or(epoch, time)
}
