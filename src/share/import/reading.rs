//! A log read a little at a time, so that whoever reads it can tell how far it has come, and be
//! stopped in between. A regular expression may still take long over one event: the worker in which
//! this runs is ended where it tells nothing for too long.

use super::compact::Writer;
use super::execution::{Execution, ImportError};
use super::shiviz::Doubt;
use super::{etcd, shiviz, unix_lines};

/// Events a part, on the way to the page: a few milliseconds there.
const PART: usize = 4_000;
/// Events between two looks at the clock.
const STRIDE: usize = 250;

/// Which format, and where it stands.
enum LogForm {
    ShiViz(Box<shiviz::LogReader>),
    Etcd(Box<etcd::TraceReader>),
}

/// A log that is being read.
pub struct LogReading {
    text: String,
    form: LogForm,
    read: Option<Vec<Execution>>,
    writer: Writer,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ReadingNews {
    /// Bytes read.
    pub bytes: usize,
    /// Bytes there are.
    pub of: usize,
    /// Events found.
    pub events: usize,
    /// Events whose clocks have been checked.
    pub checked: usize,
    /// What has been of no use so far.
    pub doubt: Doubt,
}

impl LogReading {
    /// Begins to read a ShiViz log; see [`shiviz::import`].
    pub fn shiviz(
        text: String,
        parser: &str,
        delimiter: Option<&str>,
    ) -> Result<LogReading, ImportError> {
        let text = unix_lines(&text).into_owned();
        let form = LogForm::ShiViz(Box::new(shiviz::LogReader::new(&text, parser, delimiter)?));
        Ok(LogReading { text, form, read: None, writer: Writer::default() })
    }

    /// Begins to read a trace of etcd; see [`etcd::import`].
    pub fn etcd(text: String) -> Result<LogReading, ImportError> {
        let text = unix_lines(&text).into_owned();
        let form = LogForm::Etcd(Box::new(etcd::TraceReader::new(&text)?));
        Ok(LogReading { text, form, read: None, writer: Writer::default() })
    }

    /// Goes on until it has had enough, or everything is read and checked: then true.
    pub fn go(&mut self, mut enough: impl FnMut() -> bool) -> Result<bool, ImportError> {
        loop {
            let over = match &mut self.form {
                _ if self.read.is_some() => true,
                LogForm::ShiViz(reader) => reader.go(&self.text, STRIDE)?,
                LogForm::Etcd(reader) => reader.go(&self.text, STRIDE)?,
            };
            if over {
                self.read.get_or_insert_with(|| match &mut self.form {
                    LogForm::ShiViz(reader) => std::mem::take(&mut reader.all),
                    LogForm::Etcd(reader) => vec![std::mem::take(&mut reader.execution)],
                });
                return Ok(true);
            }
            if enough() {
                return Ok(false);
            }
        }
    }

    /// How far it has come.
    pub fn news(&self) -> ReadingNews {
        let of = self.text.len();
        let doubt = match &self.form {
            LogForm::ShiViz(reader) => reader.doubt,
            LogForm::Etcd(_) => Doubt::default(),
        };
        if let Some(read) = &self.read {
            let events = read.iter().map(|e| e.events.len()).sum();
            return ReadingNews { bytes: of, of, events, checked: events, doubt };
        }
        let (bytes, events, checked) = match &self.form {
            LogForm::ShiViz(reader) => reader.news(),
            LogForm::Etcd(reader) => reader.news(),
        };
        ReadingNews { bytes, of, events, checked, doubt }
    }

    /// What has been read, each execution whole.
    pub fn executions(&self) -> &[Execution] {
        match (&self.read, &self.form) {
            (Some(read), _) => read,
            (None, LogForm::ShiViz(reader)) => &reader.all,
            (None, LogForm::Etcd(_)) => &[],
        }
    }

    /// What was read, part after part, as [`super::compact`] writes; nothing after the last.
    pub fn part(&mut self) -> Option<String> {
        self.writer.next(self.read.as_ref()?, PART)
    }
}

/// What is wrong, in one sentence about the log.
pub fn sentence(error: &ImportError) -> String {
    match error {
        ImportError::Format { line, column, expected } => {
            format!("line {line}, column {column}: expected {expected}")
        }
        ImportError::Options(text) => text.clone(),
        ImportError::Impossible(at) => {
            format!("line {}: no execution can have left it: {}", at.line, at.reason)
        }
    }
}
