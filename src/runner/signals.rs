//! The signals that ask a process to stop, or to load its configuration again.

use std::io;

use futures::stream::{self, BoxStream, StreamExt};

/// One item for each SIGINT or SIGTERM from now on.
#[cfg(unix)]
pub fn signals() -> io::Result<BoxStream<'static, ()>> {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    let each = |signal: Signal| {
        stream::unfold(signal, |mut signal| async {
            signal.recv().await?;
            Some(((), signal))
        })
    };
    let interrupts = each(signal(SignalKind::interrupt())?);
    let terminations = each(signal(SignalKind::terminate())?);
    Ok(stream::select(interrupts, terminations).boxed())
}

/// One item for each SIGHUP from now on, which ends the process no more.
#[cfg(unix)]
pub fn hangups() -> io::Result<BoxStream<'static, ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let hangups = signal(SignalKind::hangup())?;
    let each = stream::unfold(hangups, |mut hangups| async {
        hangups.recv().await?;
        Some(((), hangups))
    });
    Ok(each.boxed())
}

/// Nothing: there is no such signal here.
#[cfg(not(unix))]
pub fn hangups() -> io::Result<BoxStream<'static, ()>> {
    Ok(stream::empty().boxed())
}

/// One item for each Ctrl-C from now on.
#[cfg(not(unix))]
pub fn signals() -> io::Result<BoxStream<'static, ()>> {
    let each = stream::unfold((), |()| async {
        tokio::signal::ctrl_c().await.ok()?;
        Some(((), ()))
    });
    Ok(each.boxed())
}
