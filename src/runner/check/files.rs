//! Whether the files that a configuration names can be read, or written, as a run would at its start.

use std::fs::File;
use std::path::Path;

use super::{kept, mistake};
use crate::config::{
    ApiKeySource, BuildError, Config, CourierConfig, FileSource, HttpServerSource, Mistake,
    ServerTls, SourceKind, WriteKeys,
};
use crate::runner::listener::tls;
use crate::runner::source::http_server::keys;
use crate::runner::source::{SourceError, paths};
use crate::transport::{self, ApiKey, Transport};

/// What looking at files found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// What would end a run, or a source
    pub wrong: Vec<Mistake>,
    /// What need not be wrong: files that are not there yet
    pub doubtful: Vec<Mistake>,
}

/// Looks at all files of `config`: those that sources read, keys, certificates, and where things are to be kept. Blocks on the
/// disk.
pub fn check_files(config: &Config) -> Files {
    let mut found = Files::default();
    for (name, source) in &config.sources {
        let mut place =
            Place { line: source.line, block: format!("sources.{name}"), found: &mut found };
        match &source.kind {
            SourceKind::Stdin => {}
            SourceKind::File(files) => read_files(files, &mut place),
            SourceKind::HttpServer(server) => {
                write_keys(server, &mut place);
                server_tls(server.tls.as_ref(), &mut place);
            }
            SourceKind::Vector(vector) => server_tls(vector.tls.as_ref(), &mut place),
        }
    }
    for (name, sink) in &config.sinks {
        let mut place =
            Place { line: sink.line, block: format!("sinks.{name}"), found: &mut found };
        api_key(&sink.courier, &mut place);
        client_tls(&sink.courier, &mut place);
    }
    kept::look(config, &mut found);
    found
}

/// A block of the configuration, and where to say what is found about it.
struct Place<'a> {
    line: usize,
    block: String,
    found: &'a mut Files,
}

impl Place<'_> {
    fn wrong(&mut self, option: &str, message: impl Into<String>, remedy: &str) {
        let path = format!("{}.{option}", self.block);
        self.found.wrong.push(mistake(self.line, path, message, remedy));
    }

    fn doubtful(&mut self, option: &str, message: impl Into<String>, remedy: &str) {
        let path = format!("{}.{option}", self.block);
        self.found.doubtful.push(mistake(self.line, path, message, remedy));
    }
}

const READABLE: &str = "let whoever runs this read it, or name another";

fn read_files(files: &FileSource, place: &mut Place<'_>) {
    let (paths, problems) = paths::find(&files.include, &files.exclude);
    for problem in problems {
        // As a run sees it: files that it follows may come later, and an archive may well hold one kind of file only.
        let may_come = files.follow.is_some() || problem.is_idle_glob();
        let SourceError::NoMatch { pattern } = problem else {
            place.wrong("include", problem.to_string(), READABLE);
            continue;
        };
        if may_come {
            let message = format!("`{pattern}` matches no file by now");
            place.doubtful("include", message, "check it, unless the files come later");
        } else {
            let message = format!("no file is called `{pattern}`");
            let remedy = "name one that is there, or set `follow = true` if it comes later";
            place.wrong("include", message, remedy);
        }
    }
    for path in paths {
        if let Err(error) = File::open(&path) {
            place.wrong("include", format!("cannot read {}: {error}", path.display()), READABLE);
        }
    }
}

fn write_keys(server: &HttpServerSource, place: &mut Place<'_>) {
    if let WriteKeys::File(path) = &server.write_keys
        && let Err(error) = keys::read(path)
    {
        place.wrong("write_keys_file", error.to_string(), "put a key a line there");
    }
}

fn server_tls(tls: Option<&ServerTls>, place: &mut Place<'_>) {
    if let Some(files) = tls
        && let Err(error) = tls::config(files, &[])
    {
        let said = error.to_string();
        let names = [
            ("crt_file", Some(&files.crt_file)),
            ("key_file", Some(&files.key_file)),
            ("ca_file", files.ca_file.as_ref()),
        ];
        place.wrong(&option_of(&said, names), said, "correct the file, or name another");
    }
}

fn api_key(courier: &CourierConfig, place: &mut Place<'_>) {
    if let source @ ApiKeySource::File(_) = &courier.api_key
        && let Err(error) = source.read()
    {
        let remedy = match &error {
            BuildError::ReadKey { .. } => READABLE,
            BuildError::Key { .. } | BuildError::Transport(_) => {
                "put the key there as it is, with nothing but a line break after it"
            }
        };
        place.wrong("api_key_file", error.to_string(), remedy);
    }
}

/// Only where a file is named: what the platform trusts is no option's fault.
fn client_tls(courier: &CourierConfig, place: &mut Place<'_>) {
    let files = &courier.tls;
    let names = [
        ("ca_file", files.ca_file.as_ref()),
        ("crt_file", files.crt_file.as_ref()),
        ("key_file", files.key_file.as_ref()),
    ];
    if names.iter().all(|(_, path)| path.is_none()) {
        return;
    }
    // Which key it is built with makes no difference to certificates.
    let Ok(key) = ApiKey::new("none") else { return };
    let settings = transport::Settings {
        tls: files.clone(),
        ..transport::Settings::new(courier.endpoint.clone(), key)
    };
    if let Err(error) = Transport::new(&settings) {
        let said = error.to_string();
        place.wrong(&option_of(&said, names), said, "correct the file, or name another");
    }
}

/// The option whose file an error is about.
fn option_of<'a, P: AsRef<Path> + 'a>(
    said: &str,
    names: impl IntoIterator<Item = (&'static str, Option<P>)>,
) -> String {
    let mut about = names.into_iter().filter(|(_, path)| {
        path.as_ref().is_some_and(|path| said.contains(&*path.as_ref().to_string_lossy()))
    });
    about.next().map_or_else(|| "tls".to_owned(), |(option, _)| format!("tls.{option}"))
}
