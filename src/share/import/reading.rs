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
enum Form {
    ShiViz(Box<shiviz::Reader>),
    Etcd(Box<etcd::Reader>),
}

/// A log that is being read.
pub struct Reading {
    text: String,
    form: Form,
    read: Option<Vec<Execution>>,
    writer: Writer,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct News {
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

impl Reading {
    /// Begins to read a ShiViz log; see [`shiviz::import`].
    pub fn shiviz(
        text: String,
        parser: &str,
        delimiter: Option<&str>,
    ) -> Result<Reading, ImportError> {
        let text = unix_lines(&text).into_owned();
        let form = Form::ShiViz(Box::new(shiviz::Reader::new(&text, parser, delimiter)?));
        Ok(Reading { text, form, read: None, writer: Writer::default() })
    }

    /// Begins to read a trace of etcd; see [`etcd::import`].
    pub fn etcd(text: String) -> Result<Reading, ImportError> {
        let text = unix_lines(&text).into_owned();
        let form = Form::Etcd(Box::new(etcd::Reader::new(&text)?));
        Ok(Reading { text, form, read: None, writer: Writer::default() })
    }

    /// Goes on until it has had enough, or everything is read and checked: then true.
    pub fn go(&mut self, mut enough: impl FnMut() -> bool) -> Result<bool, ImportError> {
        loop {
            let over = match &mut self.form {
                _ if self.read.is_some() => true,
                Form::ShiViz(reader) => reader.go(&self.text, STRIDE)?,
                Form::Etcd(reader) => reader.go(&self.text, STRIDE)?,
            };
            if over {
                self.read.get_or_insert_with(|| match &mut self.form {
                    Form::ShiViz(reader) => std::mem::take(&mut reader.all),
                    Form::Etcd(reader) => vec![std::mem::take(&mut reader.execution)],
                });
                return Ok(true);
            }
            if enough() {
                return Ok(false);
            }
        }
    }

    /// How far it has come.
    pub fn news(&self) -> News {
        let of = self.text.len();
        let doubt = match &self.form {
            Form::ShiViz(reader) => reader.doubt,
            Form::Etcd(_) => Doubt::default(),
        };
        if let Some(read) = &self.read {
            let events = read.iter().map(|e| e.events.len()).sum();
            return News { bytes: of, of, events, checked: events, doubt };
        }
        let (bytes, events, checked) = match &self.form {
            Form::ShiViz(reader) => reader.news(),
            Form::Etcd(reader) => reader.news(),
        };
        News { bytes, of, events, checked, doubt }
    }

    /// What has been read, each execution whole.
    pub fn executions(&self) -> &[Execution] {
        match (&self.read, &self.form) {
            (Some(read), _) => read,
            (None, Form::ShiViz(reader)) => &reader.all,
            (None, Form::Etcd(_)) => &[],
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
