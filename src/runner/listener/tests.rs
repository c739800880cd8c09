//! Connections that cannot be accepted.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use super::*;
use crate::telemetry::{Component, names};

/// What is logged.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Logged {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn no_more_files() -> io::Error {
    io::Error::other("too many open files")
}

/// Serves what is accepted one after the other, and then nothing more; what was told of it, and when each connection came.
async fn served(mut accepted: VecDeque<io::Result<u32>>) -> (String, u64, Vec<(u32, Duration)>) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let recording = metrics::set_default_local_recorder(&recorder);
    let errors = SourceErrors::new(&Component::source("in", "http_server"));
    drop(recording);
    let logged = Logged::default();
    let writer = logged.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let (stop, start) = (CancellationToken::new(), Instant::now());
    let came = Arc::new(Mutex::new(Vec::new()));
    let accept_next = |_: &mut Context<'_>| match accepted.pop_front() {
        Some(next) => Poll::Ready(next),
        None => {
            stop.cancel();
            Poll::Pending
        }
    };
    let serve = |connection| {
        let came = Arc::clone(&came);
        async move {
            let mut came = came.lock().unwrap_or_else(PoisonError::into_inner);
            came.push((connection, start.elapsed()));
        }
    };
    let logging = tracing::subscriber::set_default(subscriber);
    serve_each(accept_next, 1, &errors, stop.clone(), serve).await;
    drop(logging);
    let counted = snapshotter.snapshot().into_vec().into_iter().find_map(|(key, _, _, value)| {
        let key = key.key();
        let labels: Vec<_> = key.labels().map(metrics::Label::value).collect();
        let is_meant = key.name() == names::ERRORS.name
            && ["in", "source", "http_server", "connection_failed", "receiving"]
                .iter()
                .all(|label| labels.contains(label));
        match value {
            DebugValue::Counter(count) if is_meant => Some(count),
            DebugValue::Counter(_) | DebugValue::Gauge(_) | DebugValue::Histogram(_) => None,
        }
    });
    let came = came.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (logged.text(), counted.unwrap(), came)
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_cannot_be_accepted_is_counted_and_told_and_the_next_is_served() {
    let accepted = [Ok(1), Err(no_more_files()), Err(no_more_files()), Ok(2)];
    let (logged, counted, came) = served(accepted.into()).await;
    assert_eq!(counted, 2);
    assert_eq!(logged.matches("a connection cannot be accepted").count(), 1, "{logged}");
    assert!(logged.contains("WARN") && logged.contains("too many open files"), "{logged}");
    assert_eq!(came, [(1, Duration::ZERO), (2, 2 * ACCEPT_AGAIN_AFTER)]);
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_failing_is_told_every_ten_seconds() {
    let (logged, counted, came) = served((0..101).map(|_| Err(no_more_files())).collect()).await;
    assert_eq!((counted, came.len()), (101, 0));
    assert_eq!(logged.matches("a connection cannot be accepted").count(), 3, "{logged}");
    assert_eq!(logged.matches("suppressed=49").count(), 2, "{logged}");
}

#[tokio::test(start_paused = true)]
async fn the_socket_is_let_go_before_the_last_connection_has_ended() {
    let (socket, stop) = (Arc::new(()), CancellationToken::new());
    let (held, mut accepted, stopping) = (Arc::clone(&socket), Some(()), stop.clone());
    let accept_next = move |_: &mut Context<'_>| {
        // The socket's.
        assert!(Arc::strong_count(&held) > 1);
        match accepted.take() {
            Some(connection) => Poll::Ready(Ok(connection)),
            None => {
                stopping.cancel();
                Poll::Pending
            }
        }
    };
    let left = Arc::new(Mutex::new(None));
    let (seen, told) = (Arc::clone(&socket), Arc::clone(&left));
    let serve = move |()| {
        let (seen, told) = (Arc::clone(&seen), Arc::clone(&told));
        async move {
            sleep(Duration::from_secs(1)).await;
            // The test's, this one's and the closure's.
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::strong_count(&seen));
        }
    };
    let errors = SourceErrors::new(&Component::source("in", "http_server"));
    serve_each(accept_next, 2, &errors, stop, serve).await;
    assert_eq!(*left.lock().unwrap_or_else(PoisonError::into_inner), Some(3));
}
