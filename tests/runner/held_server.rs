//! A server that answers only when told to, so that a test decides what is under way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

/// Listens on loopback. Each connection is served by a thread that ends with it.
pub(crate) struct HeldServer {
    pub(crate) address: SocketAddr,
    arrived: Receiver<Arrived>,
}

/// A request that waits for its answer.
pub(crate) struct Arrived {
    /// Method, path and version
    pub(crate) line: String,
    /// What it brings
    pub(crate) body: String,
    answer: Sender<u16>,
}

impl HeldServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let (sender, arrived) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let sender = sender.clone();
                std::thread::spawn(move || serve(stream, &sender));
            }
        });
        Self { address, arrived }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request.
    pub(crate) fn next(&self) -> Arrived {
        self.arrived.recv().expect("the server goes on")
    }
}

impl Arrived {
    pub(crate) fn answer(self, status: u16) {
        // The process may have ended meanwhile.
        let _ = self.answer.send(status);
    }
}

/// Serves one connection until either side ends it.
fn serve(stream: TcpStream, arrived: &Sender<Arrived>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let header = header.trim().to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if header.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let (answer, answered) = channel();
        let line = line.trim().to_owned();
        let body = String::from_utf8(body).ok()?;
        arrived.send(Arrived { line, body, answer }).ok()?;
        let status = answered.recv().ok()?;
        write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\n{{}}").ok()?;
    }
}
