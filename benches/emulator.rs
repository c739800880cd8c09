//! How many requests a second does the emulator answer with one core, over sockets on loopback, and what does a page that
//! somebody has open cost? Time is what the processor spent in the thread that serves, the kernel's included, so that
//! neither the clients nor other work on the machine is measured. On a connection no request waits behind another.
//!
//! Beside it, what the machine gives at that moment: a server of the same libraries, their router included, that reads each
//! body, and answers as the emulator does without having looked at it.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use courier_sink::emulator::{Emulator, Settings};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

#[allow(dead_code, reason = "the other benches use all of it")]
mod support;

/// The library leaves the choice to whoever embeds it; docs/emulator.md says what is known of others.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const REQUESTS: usize = 150_000;
const CONNECTIONS: usize = 64;
const USERS: usize = 10_000;
const RUNS: usize = 7;
/// How often a client that waits pauses before it looks again, so that a thread on the other half of its core is not slowed.
const PAUSES: usize = 64;

fn spent() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(now).expect("a thread's time is not negative")
}

fn single() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be built")
}

const KINDS: [(Served, &str); 3] = [
    (Served::Bare, "libraries alone"),
    (Served::Closed, "page closed"),
    (Served::Open, "page open"),
];

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Served {
    /// The libraries alone
    Bare,
    /// The emulator
    Closed,
    /// The emulator, while somebody looks
    Open,
}

/// Serves until told to stop, in a thread of its own; gives what that thread cost.
fn serve(what: Served, stopped: oneshot::Receiver<()>) -> (SocketAddr, JoinHandle<Duration>) {
    let (bound, binding) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = single();
        let stopped = async { stopped.await.unwrap_or_default() };
        if what == Served::Bare {
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
            let listener = listener.expect("loopback has a free port");
            bound.send(listener.local_addr().expect("it is bound")).expect("it is waited for");
            let server = axum::serve(listener, bare()).with_graceful_shutdown(stopped);
            let before = spent();
            runtime.block_on(async { server.await }).expect("it serves to its end");
            return spent().saturating_sub(before);
        }
        let emulator = runtime.block_on(Emulator::bind(Settings::default()));
        let emulator = emulator.expect("loopback has a free port");
        bound.send(emulator.local_addr()).expect("it is waited for");
        let before = spent();
        runtime.block_on(emulator.serve(stopped)).expect("it serves to its end");
        spent().saturating_sub(before)
    });
    (binding.recv().expect("the thread binds first"), thread)
}

fn bare() -> axum::Router {
    let answer = r#"{"messageId":"1-00000000-000000000000000000000000"}"#;
    let accept = move |_read: Bytes| async move {
        (StatusCode::ACCEPTED, [(CONTENT_TYPE, "application/json")], answer)
    };
    axum::Router::new().route("/inbound/rudderstack", axum::routing::post(accept))
}

/// One in ten makes a user of somebody.
fn request(at: usize) -> Vec<u8> {
    let body = match at % 10 {
        0 => support::identify(at % USERS, at),
        _ => support::track(at % USERS, at),
    };
    let head = format!(
        "POST /inbound/rudderstack HTTP/1.1\r\nhost: 127.0.0.1:8787\r\nauthorization: Bearer pk_bench\r\n\
         content-type: application/json\r\nuser-agent: bench\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

/// One connection's share of the requests, one after another.
async fn client(address: SocketAddr, requests: &[Vec<u8>], first: usize) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.set_nodelay(true).expect("it is a socket");
    let mut answer = Vec::with_capacity(1_024);
    for request in requests.iter().skip(first).step_by(CONNECTIONS) {
        stream.write_all(request).await.expect("it reads");
        answer.clear();
        // The answer's body is an object that holds no other.
        while answer.last() != Some(&b'}') {
            let read = stream.read_buf(&mut answer).await.expect("it answers");
            assert_ne!(read, 0, "the connection ended");
        }
        assert!(answer.starts_with(b"HTTP/1.1 202"), "{}", String::from_utf8_lossy(&answer));
    }
}

/// What a browser does that has the page open: it listens, and asks for the view whenever there is news.
async fn page(address: SocketAddr, views: &AtomicUsize) -> Infallible {
    let get = |path: &str, connection: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:8787\r\nconnection: {connection}\r\n\r\n")
    };
    let mut listening = TcpStream::connect(address).await.expect("it listens");
    let ask = get("/emulator/page/news", "keep-alive");
    listening.write_all(ask.as_bytes()).await.expect("it reads");
    let mut news = Vec::new();
    loop {
        news.clear();
        assert_ne!(listening.read_buf(&mut news).await.expect("it tells"), 0);
        if !String::from_utf8_lossy(&news).contains("data:") {
            continue;
        }
        let mut asking = TcpStream::connect(address).await.expect("it listens");
        let ask = get("/emulator/page", "close");
        asking.write_all(ask.as_bytes()).await.expect("it reads");
        let mut shown = String::new();
        asking.read_to_string(&mut shown).await.expect("pages are text");
        assert!(shown.starts_with("HTTP/1.1 200"), "{shown}");
        views.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the serving thread cost, and how often the page was shown anew.
fn measure(what: Served, requests: &[Vec<u8>]) -> (Duration, usize) {
    let (stop, stopped) = oneshot::channel();
    let (address, server) = serve(what, stopped);
    let views = AtomicUsize::new(0);
    single().block_on(async {
        // Clients that never sleep, as where they are what is slow: the server would pay for waking them.
        tokio::spawn(async {
            loop {
                (0..PAUSES).for_each(|_| std::hint::spin_loop());
                tokio::task::yield_now().await;
            }
        });
        let clients =
            futures::future::join_all((0..CONNECTIONS).map(|it| client(address, requests, it)));
        if what == Served::Open {
            tokio::select! {
                _ = clients => {}
                never = page(address, &views) => match never {},
            }
        } else {
            clients.await;
        }
    });
    stop.send(()).expect("it serves until then");
    (server.join().expect("it does not panic"), views.into_inner())
}

fn main() {
    let count = u32::try_from(REQUESTS).expect("a small number");
    // Made beforehand, so that it is the server that is waited for: one that often sleeps pays for each time.
    let requests: Vec<_> = (0..REQUESTS).map(request).collect();
    let mut paces = [const { Vec::new() }; 3];
    for run in 1..=RUNS {
        for ((what, name), paces) in KINDS.into_iter().zip(&mut paces) {
            let (spent, views) = measure(what, &requests);
            let pace = f64::from(count) / spent.as_secs_f64();
            println!("run {run}, {name}: {pace:.0} requests/s on one core, {views} views");
            paces.push(pace);
        }
    }
    let [bare, closed, open] = paces.map(median);
    println!("medians: {bare:.0}, {closed:.0} and {open:.0} requests/s");
    println!("closed / libraries {:.2}, open / closed {:.2}", closed / bare, open / closed);
}

fn median(mut paces: Vec<f64>) -> f64 {
    paces.sort_by(f64::total_cmp);
    paces.swap_remove(paces.len() / 2)
}
