//! What is wrong with a configuration: every mistake at once, each with its place and, where there is one, a remedy.
//!
//! No mistake holds a value that came out of the environment, nor one that was written where a secret belongs.

use std::collections::BTreeSet;
use std::fmt;

/// All mistakes of a configuration, in the order of the text; never none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    file: String,
    list: Vec<Mistake>,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The option, as in `sinks.courier.request.timeout_secs`; empty where the text is not TOML
    pub path: String,
    /// The line, from 1
    pub line: usize,
    /// The column in characters, from 1
    pub column: usize,
    /// What is wrong, in a clause
    pub message: String,
    /// What to do about it
    pub remedy: Option<String>,
    /// Whether what is quoted in its line may be shown to people
    pub texts: Texts,
}

/// What the texts in the line of a mistake may be. It is known where the mistake is found, and says nothing of the option,
/// whose own name may tell more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Texts {
    /// Nothing that must be hidden
    #[default]
    Plain,
    /// Security: perhaps a secret. The value is one, or it is not known what it is for, or a key stands where none belongs
    Secret,
}

impl Mistakes {
    /// The mistakes in `list`, which must not be empty, found in `file`.
    pub(super) fn new(file: &str, mut list: Vec<Mistake>) -> Self {
        // Stable, so that mistakes about one place stay in the order they were found in.
        list.sort_by_key(|mistake| (mistake.line, mistake.column));
        Self { file: file.to_owned(), list }
    }

    /// The mistakes, in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Mistake> {
        self.list.iter()
    }
}

impl<'a> IntoIterator for &'a Mistakes {
    type Item = &'a Mistake;
    type IntoIter = std::slice::Iter<'a, Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Mistakes {
    /// One mistake a line, without a line break at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, mistake) in self.list.iter().enumerate() {
            let separator = if position == 0 { "" } else { "\n" };
            write!(f, "{separator}{}:{mistake}", self.file)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.remedy {
            Some(remedy) => write!(f, ", {remedy}"),
            None => Ok(()),
        }
    }
}

/// Security: lines are what is shown, so where one mistake says that its line may hold a secret, all others in it say so too.
pub(crate) fn share_texts<'a>(mistakes: impl IntoIterator<Item = &'a mut Mistake>) {
    let mistakes: Vec<_> = mistakes.into_iter().collect();
    let secret = mistakes.iter().filter(|mistake| mistake.texts == Texts::Secret);
    let lines: BTreeSet<_> = secret.map(|mistake| mistake.line).collect();
    for mistake in mistakes {
        if lines.contains(&mistake.line) {
            mistake.texts = Texts::Secret;
        }
    }
}

/// The one of `known` that `name` was probably meant to be.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let name = plain(name);
    // One slip, and another for every four letters: enough for typing errors, too few for a word of its own.
    let limit = 1 + name.chars().count() / 4;
    known
        .into_iter()
        .map(|known| (strsim::osa_distance(&name, &plain(known)), known))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// `names` as a list for people: `a`, `b` or `c`.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut quoted: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match (quoted.pop(), quoted.is_empty()) {
        (None, _) => "nothing".to_owned(),
        (Some(last), true) => last,
        (Some(last), false) => format!("{} or {last}", quoted.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_find_their_name_and_other_words_none() {
        let known = ["timeout_secs", "rate_limit_num", "http", "on"];
        assert_eq!(nearest("timout_secs", known), Some("timeout_secs"));
        assert_eq!(nearest("Timeout-Secs", known), Some("timeout_secs"));
        assert_eq!(nearest("htpp", known), Some("http"));
        assert_eq!(nearest("compression", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn lists_read_like_a_sentence() {
        assert_eq!(listed(["a"]), "`a`");
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
