//! A file that is somewhere else now: under another name, or in a file that holds the same and more.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::Watched;
use crate::runner::checkpoint::Checkpoints;
use crate::runner::source::feed::Input;
use crate::runner::source::follow::content::Content;
use crate::runner::source::follow::look::Look;
use crate::runner::source::stat::Stat;

impl Watched {
    /// Whether that file holds all that was read of this one, which is gone.
    pub(in super::super) fn has_heir(&self, look: &Look) -> bool {
        self.gone_since.is_some() && self.is_drained() && look.holds(self.trail.mark(), self.read)
    }

    /// Goes on in the file at `path`, which holds all that was read.
    pub(in super::super) fn go_on_in(
        &mut self,
        path: PathBuf,
        stat: Stat,
        checkpoints: &Checkpoints,
    ) -> io::Result<()> {
        self.content = Content::of(&path)?;
        self.stat = stat;
        self.rename(path, checkpoints);
        Ok(())
    }

    /// It is at `path`.
    pub(in super::super) fn rename(&mut self, path: PathBuf, checkpoints: &Checkpoints) {
        self.gone_since = None;
        if self.path == path {
            return;
        }
        tracing::debug!(from = %self.path.display(), to = %path.display(), "file was renamed");
        let (name, kept) = (path.to_string_lossy(), self.input.kept);
        if let Some(kept) = kept {
            checkpoints.rename(kept, &name);
        }
        self.input = Arc::new(Input { name: name.into(), kept });
        self.path = path;
    }
}
