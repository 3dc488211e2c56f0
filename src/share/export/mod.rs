//! A run in other forms.

pub mod film;
pub mod gif;
pub mod history;
mod jepsen;
mod mermaid;
mod shiviz;
pub mod tell;

pub use jepsen::jepsen;
pub use mermaid::mermaid;
pub use shiviz::shiviz;

/// The plain letters for what stands in badges and cells.
pub(crate) fn ascii(text: &str) -> String {
    let plain = |c: char| match c {
        '⟨' => '<',
        '⟩' => '>',
        '·' => '.',
        '→' => '>',
        '–' | '—' => '-',
        c if c.is_ascii() => c,
        _ => '?',
    };
    text.chars().map(plain).collect()
}
