//! Readers of foreign formats. Bad input gives one sentence with line and column.

pub mod compact;
pub mod etcd;
pub mod execution;
pub mod history;
pub mod notation;
mod number;
pub mod reading;
pub mod shiviz;
pub mod txn;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

/// Bytes one file may have.
pub const MAX_BYTES: usize = 64 << 20;

/// What is wrong with an input, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFault {
    /// From 1; 0 where the whole file is meant.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// What was found and what was expected.
    pub what: String,
}

impl InputFault {
    /// A fault at a place.
    pub fn at(line: u32, column: u32, what: impl Into<String>) -> InputFault {
        InputFault { line, column, what: what.into() }
    }
}

impl fmt::Display for InputFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(out, "line {}, column {}: ", self.line, self.column)?;
        }
        out.write_str(&self.what)
    }
}

/// The text of a file, with [`unix_lines`], or why it is none.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, InputFault> {
    if bytes.len() > MAX_BYTES {
        let what = format!("{} bytes are too many; at most {MAX_BYTES} are read", bytes.len());
        return Err(InputFault::at(0, 0, what));
    }
    std::str::from_utf8(bytes).map(unix_lines).map_err(|e| {
        let good = &bytes[..e.valid_up_to()];
        let line = good.iter().filter(|b| **b == b'\n').count() as u32 + 1;
        let start = good.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let column = String::from_utf8_lossy(&good[start..]).chars().count() as u32 + 1;
        InputFault::at(line, column, "the bytes are not UTF-8 text")
    })
}

/// A text with line ends as this system writes them, whatever the one it comes from, and without a
/// byte order mark.
pub fn unix_lines(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.contains('\r') {
        true => Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")),
        false => Cow::Borrowed(text),
    }
}
