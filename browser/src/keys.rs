//! Names of keys, as in `KeyboardEvent.key`, to WebDriver's code points.

/// The character WebDriver takes for a key; a single character stands for itself.
///
/// # Panics
/// When the name is not known: a mistake in the test.
pub fn code(name: &str) -> char {
    let mut chars = name.chars();
    if let (Some(one), None) = (chars.next(), chars.next()) {
        return one;
    }
    match name {
        "Backspace" => '\u{E003}',
        "Tab" => '\u{E004}',
        "Enter" => '\u{E007}',
        "Shift" => '\u{E008}',
        "Control" => '\u{E009}',
        "Alt" => '\u{E00A}',
        "Escape" => '\u{E00C}',
        "Space" => ' ',
        "PageUp" => '\u{E00E}',
        "PageDown" => '\u{E00F}',
        "End" => '\u{E010}',
        "Home" => '\u{E011}',
        "ArrowLeft" => '\u{E012}',
        "ArrowUp" => '\u{E013}',
        "ArrowRight" => '\u{E014}',
        "ArrowDown" => '\u{E015}',
        "Delete" => '\u{E017}',
        "F1" => '\u{E031}',
        "F11" => '\u{E03B}',
        "Meta" => '\u{E03D}',
        _ => panic!("no key is called {name:?}"),
    }
}
